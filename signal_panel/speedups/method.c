/* A function in C that a class of Python's has for a method.

   One made by PyCFunction_New is no descriptor, and instancemethod, which makes one of it, has profilers told
   that it returned and never that it was called, on Python 3.12 and newer: they lose the caller's frame. */

#include "compiled.h"

static int
method_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((Method *)self)->with);
    return 0;
}

static int
method_clear(PyObject *self)
{
    Py_CLEAR(((Method *)self)->with);
    return 0;
}

static void
method_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    method_clear(self);
    PyObject_GC_Del(self);
}

static PyObject *
method_get(PyObject *self, PyObject *object, PyObject *Py_UNUSED(type))
{
    return object == NULL ? Py_NewRef(self) : PyMethod_New(self, object);
}

static PyMemberDef method_members[] = {
    {"__name__", T_STRING, offsetof(Method, name), READONLY, NULL},
    {"__text_signature__", T_STRING, offsetof(Method, signature), READONLY, NULL},
    {0},
};

PyTypeObject MethodType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "signal_panel.speedups.compiled.Method",
    .tp_basicsize = sizeof(Method),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_vectorcall_offset = offsetof(Method, call),
    .tp_call = PyVectorcall_Call,
    .tp_descr_get = method_get,
    .tp_traverse = method_traverse,
    .tp_clear = method_clear,
    .tp_dealloc = method_dealloc,
    .tp_members = method_members,
};

PyObject *
make_method(const char *name, const char *signature, vectorcallfunc call, PyObject *with)
{
    Method *self = PyObject_GC_New(Method, &MethodType);
    if (self != NULL) {
        self->call = call;
        self->name = name;
        self->signature = signature;
        self->with = Py_NewRef(with);
        PyObject_GC_Track(self);
    }
    return (PyObject *)self;
}
