/* SteppedCall: the coroutine of an async receiver, driven step by step, as in tracer/stepping.py. */

#include "compiled.h"

typedef struct {
    PyObject_HEAD
    PyObject *coroutine, *receiver;
    Recorder *recorder;
    PyObject *inside; /* the place in which it goes on, or NULL where it has not begun, or has ended */
    long long send, call;
    int64_t start, busy;
} SteppedCall;

PyObject *
make_stepped(PyObject *coroutine, PyObject *receiver, PyObject *collector, long long send, long long call)
{
    if (given.current == NULL || !is_instance(collector, &RecorderType)) {
        is_unusable("collector");
        return NULL;
    }
    SteppedCall *self = PyObject_GC_New(SteppedCall, &SteppedCallType);
    if (self != NULL) {
        self->coroutine = Py_NewRef(coroutine);
        self->receiver = Py_NewRef(receiver);
        self->recorder = (Recorder *)Py_NewRef(collector);
        self->inside = NULL;
        self->send = send;
        self->call = call;
        self->start = self->busy = 0;
        PyObject_GC_Track(self);
    }
    return (PyObject *)self;
}

/* SteppedCall(coroutine, receiver, collector, send, call) */
static PyObject *
stepped_new(PyObject *Py_UNUSED(type), PyObject *const *args, size_t nargsf, PyObject *keywords)
{
    if (PyVectorcall_NARGS(nargsf) != 5 || (keywords != NULL && PyTuple_GET_SIZE(keywords) > 0)) {
        PyErr_SetString(PyExc_TypeError,
                        "SteppedCall() takes a coroutine, its receiver, a collector and two numbers");
        return NULL;
    }
    long long send = PyLong_AsLongLong(args[3]);
    long long call = send == -1 && PyErr_Occurred() ? -1 : PyLong_AsLongLong(args[4]);
    return PyErr_Occurred() ? NULL : make_stepped(args[0], args[1], args[2], send, call);
}

/* Make its place current, and give the one outside. */
static PyObject *
before_step(SteppedCall *self, int64_t *resumed)
{
    PyObject *outside;
    if (read_clock(self->recorder, resumed) < 0 || PyContextVar_Get(given.current, NULL, &outside) < 0) {
        return NULL;
    }
    if (self->inside == NULL) {
        self->start = *resumed;
        self->inside = make_place((PyObject *)self->recorder, self->call, 0);
    }
    if (make_current(self->inside) < 0) {
        Py_CLEAR(outside);
    }
    return outside;
}

/* Keep the call: 1 if that could be done, 0 where something is out of the ordinary, or -1. */
static int
keep(SteppedCall *self, int64_t end)
{
    Recorder *recorder = self->recorder;
    int64_t row[] = {self->call, self->send, 0, self->start, end};
    if (self->call >= recorder->quick_limit || recorder->busy == NULL || !PyDict_CheckExact(recorder->busy)) {
        return 0;
    }
    int is_known = find_receiver(recorder, self->receiver, &row[2]);
    if (is_known != 1) {
        return is_known;
    }
    PyObject *number = PyLong_FromLongLong(self->call), *busy = PyLong_FromLongLong(self->busy);
    int kept = number == NULL || busy == NULL ? -1 : PyDict_SetItem(recorder->busy, number, busy);
    Py_XDECREF(number);
    Py_XDECREF(busy);
    return kept < 0 || keep_row(recorder, ALONE, row) < 0 ? -1 : 1;
}

/* Record that it has ended, with what was raised if anything was. */
static int
record_end(SteppedCall *self, int64_t end, PyObject *exception)
{
    int kept = exception == NULL ? keep(self, end) : 0;
    if (kept < 0) {
        if (!PyErr_ExceptionMatches(PyExc_Exception)) {
            return -1;
        }
        PyErr_Clear(); /* the collector meets it again, and notes it */
    }
    if (kept == 1) {
        return 0;
    }
    PyObject *method = PyObject_GetAttr((PyObject *)self->recorder, names.end_call), *done = NULL;
    if (method != NULL) {
        done = PyObject_CallFunction(method, "LLOOLOLL", self->call, self->send, self->receiver, Py_True,
                                     (long long)self->start, exception == NULL ? Py_None : exception,
                                     (long long)end, (long long)self->busy);
    }
    Py_XDECREF(method);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* After a step: make the place outside current again. What the receiver made current by opening a scope
   stays its own. */
static PySendResult
after_step(SteppedCall *self, PyObject *outside, int64_t resumed, PySendResult how, PyObject **result)
{
    PyObject *exception = how == PYGEN_ERROR ? take_exception() : NULL, *inside;
    int64_t now;
    int is_done = read_clock(self->recorder, &now);
    if (is_done == 0) {
        self->busy += now - resumed;
        is_done = PyContextVar_Get(given.current, NULL, &inside);
        if (is_done == 0) {
            Py_XSETREF(self->inside, inside);
        }
    }
    if (make_current(outside) < 0) {
        is_done = -1;
    }
    Py_DECREF(outside);
    if (is_done == 0 && how != PYGEN_NEXT) {
        is_done = record_end(self, now, exception);
        Py_CLEAR(self->inside);
    }
    if (is_done < 0) {
        Py_CLEAR(*result);
        Py_XDECREF(exception);
        return PYGEN_ERROR;
    }
    if (exception != NULL) {
        raise_again(exception);
    }
    return how;
}

static PySendResult
step(PyObject *op, PyObject *value, PyObject **result)
{
    SteppedCall *self = (SteppedCall *)op;
    int64_t resumed;
    *result = NULL;
    PyObject *outside = before_step(self, &resumed);
    return outside == NULL
               ? PYGEN_ERROR
               : after_step(self, outside, resumed, PyIter_Send(self->coroutine, value, result), result);
}

/* What a coroutine's method gives or raises, by how it has gone. */
static PyObject *
answer(PySendResult how, PyObject *result)
{
    if (how != PYGEN_RETURN) {
        return result;
    }
    if (result == Py_None) {
        Py_DECREF(result);
        PyErr_SetNone(PyExc_StopIteration);
        return NULL;
    }
    PyObject *exception = PyObject_CallOneArg(PyExc_StopIteration, result); /* a tuple would be taken apart */
    Py_DECREF(result);
    if (exception != NULL) {
        PyErr_SetObject(PyExc_StopIteration, exception);
        Py_DECREF(exception);
    }
    return NULL;
}

static PyObject *
stepped_next(PyObject *self)
{
    PyObject *result;
    PySendResult how = step(self, Py_None, &result);
    return answer(how, result);
}

static PyObject *
stepped_send(PyObject *self, PyObject *value)
{
    PyObject *result;
    PySendResult how = step(self, value, &result);
    return answer(how, result);
}

static PyObject *
stepped_throw(PyObject *op, PyObject *exception)
{
    SteppedCall *self = (SteppedCall *)op;
    PyObject *method = PyObject_GetAttr(self->coroutine, names.throw), *result = NULL;
    if (method == NULL || self->inside == NULL) { /* before its first step nothing of the receiver runs */
        result = method == NULL ? NULL : PyObject_CallObject(method, exception);
        Py_XDECREF(method);
        return result;
    }
    int64_t resumed;
    PyObject *outside = before_step(self, &resumed);
    if (outside != NULL) {
        result = PyObject_CallObject(method, exception);
        PySendResult how = PYGEN_NEXT;
        if (result == NULL && PyErr_ExceptionMatches(PyExc_StopIteration)) {
            PyObject *stop = take_exception();
            result = PyObject_GetAttr(stop, names.value);
            Py_DECREF(stop);
            how = PYGEN_RETURN;
        }
        if (result == NULL) {
            how = PYGEN_ERROR;
        }
        how = after_step(self, outside, resumed, how, &result);
        result = answer(how, result);
    }
    Py_DECREF(method);
    return result;
}

static PyObject *
stepped_close(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    SteppedCall *self = (SteppedCall *)op;
    if (self->inside == NULL) {
        return PyObject_CallMethodNoArgs(self->coroutine, names.close);
    }
    PyObject *yielded = PyObject_CallMethodOneArg(op, names.throw, PyExc_GeneratorExit);
    if (yielded != NULL) {
        Py_DECREF(yielded);
        PyErr_SetString(PyExc_RuntimeError, "coroutine ignored GeneratorExit");
        return NULL;
    }
    if (!PyErr_ExceptionMatches(PyExc_GeneratorExit) && !PyErr_ExceptionMatches(PyExc_StopIteration)) {
        return NULL;
    }
    PyErr_Clear();
    Py_RETURN_NONE;
}

/* What it has not itself, the coroutine has. */
static PyObject *
stepped_getattro(PyObject *self, PyObject *name)
{
    PyObject *value = PyObject_GenericGetAttr(self, name);
    if (value == NULL && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        value = PyObject_GetAttr(((SteppedCall *)self)->coroutine, name);
    }
    return value;
}

/* There is no tp_clear: what refers to it in turn is a frame of the coroutine's, which is closed before. */
static int
stepped_traverse(PyObject *op, visitproc visit, void *arg)
{
    SteppedCall *self = (SteppedCall *)op;
    Py_VISIT(self->coroutine);
    Py_VISIT(self->receiver);
    Py_VISIT(self->recorder);
    Py_VISIT(self->inside);
    return 0;
}

static void
stepped_dealloc(PyObject *op)
{
    SteppedCall *self = (SteppedCall *)op;
    PyObject_GC_UnTrack(op);
    Py_DECREF(self->coroutine);
    Py_DECREF(self->receiver);
    Py_DECREF(self->recorder);
    Py_XDECREF(self->inside);
    Py_TYPE(op)->tp_free(op);
}

static PyMethodDef stepped_methods[] = {
    {"send", stepped_send, METH_O, PyDoc_STR("Go on, as a coroutine does.")},
    {"throw", stepped_throw, METH_VARARGS, PyDoc_STR("Go on with an exception, as a coroutine does.")},
    {"close", stepped_close, METH_NOARGS, PyDoc_STR("End early, as a coroutine does.")},
    {0},
};

static PyAsyncMethods stepped_async = {.am_await = PyObject_SelfIter, .am_send = step};

PyTypeObject SteppedCallType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "signal_panel.speedups.compiled.SteppedCall",
    .tp_basicsize = sizeof(SteppedCall),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_vectorcall = stepped_new,
    .tp_dealloc = stepped_dealloc,
    .tp_traverse = stepped_traverse,
    .tp_getattro = stepped_getattro,
    .tp_as_async = &stepped_async,
    .tp_iternext = stepped_next,
    .tp_methods = stepped_methods,
};
