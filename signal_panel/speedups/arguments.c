/* What receivers get, each the same: signal=…, sender=…, **named. */

#include "compiled.h"

int
make_arguments(Arguments *self, PyObject *signal, PyObject *sender, PyObject *named)
{
    self->signal = signal;
    self->sender = sender;
    self->named = named;
    self->keywords = NULL;
    self->values = self->few;
    self->is_named_signal = PyDict_Contains(named, names.signal);
    if (self->is_named_signal < 0) {
        return -1;
    }
    Py_ssize_t count = 2 + PyDict_GET_SIZE(named), at = 2, position = 0;
    PyObject *name, *value;
    if (count > FEW_ARGUMENTS) {
        PyObject **values = PyMem_New(PyObject *, 1 + count);
        if (values == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        self->values = values;
    }
    self->keywords = PyTuple_New(count);
    if (self->keywords == NULL) {
        end_of_arguments(self);
        return -1;
    }
    PyObject **values = self->values + 1; /* who is called may use the one before */
    PyTuple_SET_ITEM(self->keywords, 0, Py_NewRef(names.signal));
    values[0] = Py_NewRef(signal);
    PyTuple_SET_ITEM(self->keywords, 1, Py_NewRef(names.sender));
    values[1] = Py_NewRef(sender);
    while (PyDict_Next(named, &position, &name, &value)) {
        PyTuple_SET_ITEM(self->keywords, at, Py_NewRef(name));
        values[at++] = Py_NewRef(value);
    }
    return 0;
}

PyObject *
call_receiver(const Arguments *self, PyObject *receiver)
{
    if (self->is_named_signal) { /* for which Python has an error */
        return PyObject_CallFunctionObjArgs(given.call, receiver, self->signal, self->sender, self->named,
                                            NULL);
    }
    return PyObject_Vectorcall(receiver, self->values + 1, PY_VECTORCALL_ARGUMENTS_OFFSET, self->keywords);
}

void
end_of_arguments(Arguments *self)
{
    if (self->keywords != NULL) {
        for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(self->keywords); at++) {
            Py_DECREF(self->values[1 + at]);
        }
        Py_CLEAR(self->keywords);
    }
    if (self->values != self->few) {
        PyMem_Free(self->values);
        self->values = self->few;
    }
}
