/* AsyncSend: a send under way whose receivers do not run in its own frame, as in tracer/dispatching.py. */

#include "compiled.h"

typedef struct {
    PyObject_HEAD
    PyObject *signal, *sender, *named;
    Recorder *recorder;
    long long span, parent, kind, last_call;
    int64_t start;
} AsyncSend;

static AsyncSend *
make_async_send(PyTypeObject *type, PyObject *signal, PyObject *sender, PyObject *named, PyObject *collector)
{
    if (given.current == NULL || !is_instance(collector, &RecorderType)) {
        is_unusable("collector");
        return NULL;
    }
    AsyncSend *self = (AsyncSend *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->signal = Py_NewRef(signal);
        self->sender = Py_NewRef(sender);
        self->named = Py_NewRef(named);
        self->recorder = (Recorder *)Py_NewRef(collector);
    }
    return self;
}

/* AsyncSend(signal, sender, named, collector, span, calls=0) */
static PyObject *
async_send_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"signal", "sender", "named", "collector", "span", "calls", NULL};
    PyObject *signal, *sender, *named, *collector;
    long long span, calls = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO!OL|L:AsyncSend", keywords, &signal, &sender,
                                     &PyDict_Type, &named, &collector, &span, &calls)) {
        return NULL;
    }
    AsyncSend *self = make_async_send(type, signal, sender, named, collector);
    if (self != NULL) {
        self->span = span;
        self->last_call = span + calls;
    }
    return (PyObject *)self;
}

/* Whether it is left out, or nothing is recorded. */
static int
is_idle(PyObject *collector)
{
    return collector == ((Place *)given.idle)->collector;
}

/* Give it a kind and a number, where there is anything to record. */
static int
begin_recording(AsyncSend *self, int method)
{
    int64_t kind, span;
    if (find_kind(self->recorder, self->signal, self->sender, method, &kind) < 0) {
        return -1;
    }
    if (kind == IGNORED) {
        Py_SETREF(self->recorder, (Recorder *)Py_NewRef(((Place *)given.idle)->collector));
        return 0;
    }
    if (begin_span(self->recorder, self->signal, self->named, kind, &span, &self->start) < 0) {
        return -1;
    }
    self->kind = kind;
    self->span = self->last_call = span;
    return 0;
}

PyDoc_STRVAR(begin_doc,
             "begin(signal, sender, named, method, /)\n--\n\n"
             "Begin a send of the caller's, which is that of the frame above. To be called by the method.");

static PyObject *
async_send_begin(PyObject *type, PyObject *const *args, Py_ssize_t nargs)
{
    PyObject *place;
    if (nargs != 4 || !PyDict_CheckExact(args[2]) || given.current == NULL) {
        PyErr_SetString(PyExc_TypeError, "begin() takes a signal, a sender, a dictionary and a method");
        return NULL;
    }
    int method = PyLong_AsLong(args[3]);
    if ((method == -1 && PyErr_Occurred()) || PyContextVar_Get(given.current, NULL, &place) < 0) {
        return NULL;
    }
    AsyncSend *self = NULL;
    if (!Py_IS_TYPE(place, &PlaceType)) {
        is_unusable("place");
    }
    else {
        self = make_async_send((PyTypeObject *)type, args[0], args[1], args[2], ((Place *)place)->collector);
    }
    if (self != NULL) {
        self->parent = ((Place *)place)->number;
        if (!is_idle((PyObject *)self->recorder) && begin_recording(self, method) < 0) {
            Py_CLEAR(self);
        }
    }
    Py_DECREF(place);
    return (PyObject *)self;
}

PyDoc_STRVAR(next_call_doc, "next_call()\n--\n\nThe number of its next call.");

static PyObject *
async_send_next_call(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromLongLong(++((AsyncSend *)self)->last_call);
}

PyDoc_STRVAR(start_doc, "start(receiver, /)\n--\n\nThe awaitable of an async receiver.");

static PyObject *
async_send_start(PyObject *op, PyObject *receiver)
{
    AsyncSend *self = (AsyncSend *)op;
    Arguments arguments;
    if (make_arguments(&arguments, self->signal, self->sender, self->named) < 0) {
        return NULL;
    }
    PyObject *answer = call_receiver(&arguments, receiver);
    end_of_arguments(&arguments);
    if (answer == NULL) {
        return NULL;
    }
    PyObject *collector = (PyObject *)self->recorder, *place, *stepped;
    long long call = ++self->last_call;
    if (PyContextVar_Get(given.current, NULL, &place) < 0) {
        Py_DECREF(answer);
        return NULL;
    }
    if (is_idle(collector) && place == given.idle) {
        stepped = Py_NewRef(answer); /* there is nothing to record, and nothing to leave out */
    }
    else if (PyCoro_CheckExact(answer)) {
        stepped = make_stepped(answer, receiver, collector, self->span, call);
    }
    else {
        stepped =
            PyObject_CallFunction(given.stepped, "OOOLL", answer, receiver, collector, self->span, call);
    }
    Py_DECREF(place);
    Py_DECREF(answer);
    return stepped;
}

/* Keep its row, without those of its calls: 1 if that could be done, or 0. */
static int
keep(AsyncSend *self, int64_t end)
{
    int64_t row[] = {self->span, self->parent, self->kind, self->start, end};
    if (self->span >= self->recorder->quick_limit) {
        return 0;
    }
    int kept = keep_row(self->recorder, 0, row);
    if (kept < 0 && PyErr_ExceptionMatches(PyExc_Exception)) {
        PyErr_Clear(); /* the collector meets it again, and notes it */
        return 0;
    }
    return kept < 0 ? -1 : 1;
}

PyDoc_STRVAR(end_doc, "end(exception=None, /)\n--\n\nRecord that it has ended, by the exception if any.");

static PyObject *
async_send_end(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    AsyncSend *self = (AsyncSend *)op;
    PyObject *exception = nargs == 0 ? Py_None : args[0], *done = NULL;
    int64_t end;
    if (nargs > 1) {
        PyErr_SetString(PyExc_TypeError, "end() takes an exception");
        return NULL;
    }
    if (is_idle((PyObject *)self->recorder)) {
        Py_RETURN_NONE;
    }
    if (read_clock(self->recorder, &end) < 0) {
        return NULL;
    }
    int kept = exception == Py_None ? keep(self, end) : 0;
    if (kept != 0) {
        return kept < 0 ? NULL : Py_NewRef(Py_None);
    }
    PyObject *method = PyObject_GetAttr((PyObject *)self->recorder, names.end_send);
    if (method != NULL) {
        done = PyObject_CallFunction(method, "LLLLOL", self->span, self->parent, self->kind,
                                     (long long)self->start, exception, (long long)end);
    }
    Py_XDECREF(method);
    return done;
}

static int
async_send_traverse(PyObject *op, visitproc visit, void *arg)
{
    AsyncSend *self = (AsyncSend *)op;
    Py_VISIT(self->signal);
    Py_VISIT(self->sender);
    Py_VISIT(self->named);
    Py_VISIT(self->recorder);
    return 0;
}

static void
async_send_dealloc(PyObject *op)
{
    AsyncSend *self = (AsyncSend *)op;
    PyObject_GC_UnTrack(op);
    Py_DECREF(self->signal);
    Py_DECREF(self->sender);
    Py_DECREF(self->named);
    Py_DECREF(self->recorder);
    Py_TYPE(op)->tp_free(op);
}

static PyMethodDef async_send_methods[] = {
    {"begin", (PyCFunction)(void (*)(void))async_send_begin, METH_FASTCALL | METH_CLASS, begin_doc},
    {"next_call", async_send_next_call, METH_NOARGS, next_call_doc},
    {"start", async_send_start, METH_O, start_doc},
    {"end", (PyCFunction)(void (*)(void))async_send_end, METH_FASTCALL, end_doc},
    {0},
};

static PyMemberDef async_send_members[] = {
    {"signal", T_OBJECT_EX, offsetof(AsyncSend, signal), READONLY, NULL},
    {"sender", T_OBJECT_EX, offsetof(AsyncSend, sender), READONLY, NULL},
    {"named", T_OBJECT_EX, offsetof(AsyncSend, named), READONLY, NULL},
    {"collector", T_OBJECT_EX, offsetof(AsyncSend, recorder), READONLY, NULL},
    {"span", T_LONGLONG, offsetof(AsyncSend, span), READONLY, NULL},
    {0},
};

PyTypeObject AsyncSendType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "signal_panel.speedups.compiled.AsyncSend",
    .tp_basicsize = sizeof(AsyncSend),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = async_send_new,
    .tp_dealloc = async_send_dealloc,
    .tp_traverse = async_send_traverse,
    .tp_methods = async_send_methods,
    .tp_members = async_send_members,
};
