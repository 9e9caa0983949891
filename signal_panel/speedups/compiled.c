/* What is on the way of every send and every query, and done for every span, in C: each part does what one in
   Python does, in the same order. The types and what makes columns are those of pure.py, of
   tracer.dispatching and of tracer.stepping; send and send_robust are tracer.loops', executing is what
   tracer.database has for queries, and calling_between is SignalPanelMiddleware.__call__.

   What runs the user's code is Python's: a send has the frame of the method that calls this one above its
   receivers, as one of Django's has, so that tracebacks and stacklevel tell the same. Whatever is out of the
   ordinary is handed to the collector's own methods, and so is a failure of ours. */

#include "compiled.h"

struct given given;
struct found found;
struct names names;

int
is_unusable(const char *what)
{
    PyErr_Format(PyExc_TypeError, "nothing can be recorded with this %s", what);
    return -1;
}

int
runs_loop(void)
{
    PyObject *loop = PyObject_CallNoArgs(given.running_loop);
    Py_XDECREF(loop);
    return loop == NULL ? -1 : loop != Py_None;
}

/* By three sixteenths, so that all of it is copied six times; by an eighth, as Python has it, nine times. */
static SELDOM int
make_way(PyObject *packed, Py_ssize_t length)
{
    return PyByteArray_Resize(packed, length + length * 3 / 16);
}

int
extend(PyObject *packed, const int64_t *integers, size_t count)
{
    if (packed == NULL || !PyByteArray_CheckExact(packed)) {
        return is_unusable("log");
    }
    Py_ssize_t length = PyByteArray_GET_SIZE(packed), bytes = count * sizeof *integers;
    if (length + bytes >= ((PyByteArrayObject *)packed)->ob_alloc && make_way(packed, length + bytes) < 0) {
        return -1;
    }
    if (PyByteArray_Resize(packed, length + bytes) < 0) {
        return -1;
    }
    memcpy(PyByteArray_AS_STRING(packed) + length, integers, bytes);
    return 0;
}

PyDoc_STRVAR(append_doc, "append(packed, integers, /)\n--\n\nAdd integers at the end of a bytearray.");

static PyObject *
append(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    int64_t few[32];
    if (nargs != 2) {
        return PyErr_Format(PyExc_TypeError, "append() takes a bytearray and integers, got %zd arguments",
                            nargs);
    }
    PyObject *integers = PySequence_Tuple(args[1]); /* a list may be changed on the way */
    if (integers == NULL) {
        return NULL;
    }
    Py_ssize_t count = PyTuple_GET_SIZE(integers);
    int64_t *all = count <= 32 ? few : PyMem_New(int64_t, count);
    int result = all == NULL ? -1 : 0;
    for (Py_ssize_t at = 0; result == 0 && at < count; at++) {
        all[at] = PyLong_AsLongLong(PyTuple_GET_ITEM(integers, at));
        result = all[at] == -1 && PyErr_Occurred() ? -1 : 0;
    }
    if (all == NULL) {
        PyErr_NoMemory();
    }
    else if (result == 0) {
        result = extend(args[0], all, count);
    }
    Py_DECREF(integers);
    if (all != few) {
        PyMem_Free(all);
    }
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

/* Answer an exception as the converter that was left out would have, to which it is being handled. */
static PyObject *
convert(PyObject *converted, PyObject *request, PyObject *exception)
{
    _PyErr_StackItem handled;
    begin_handling(&handled, exception);
    PyObject *response = PyObject_CallFunctionObjArgs(converted, request, exception, NULL);
    end_handling(&handled);
    return response;
}

/* What the next middleware responds, or is taken to where it raises. */
static PyObject *
respond(PyObject *middleware, PyObject *converted, PyObject *request)
{
    PyObject *get_response = PyObject_GetAttr(middleware, names.get_response), *response = NULL;
    PyObject *pair = get_response == NULL ? NULL : PyObject_GetAttr(middleware, names.unconverted);
    if (pair != NULL && PyTuple_CheckExact(pair) && PyTuple_GET_SIZE(pair) == 2 &&
        PyTuple_GET_ITEM(pair, 0) == get_response) {
        response = PyObject_CallOneArg(PyTuple_GET_ITEM(pair, 1), request);
        if (response == NULL && PyErr_ExceptionMatches(PyExc_Exception)) {
            PyObject *exception = take_exception_here(0);
            response = convert(converted, request, exception);
            Py_DECREF(exception);
        }
    }
    else if (pair != NULL) {
        response = PyObject_CallOneArg(get_response, request);
    }
    Py_XDECREF(get_response);
    Py_XDECREF(pair);
    return response;
}

/* (before, after, converted): what SignalPanelMiddleware.__call__ does, without a frame of its own. */
static PyObject *
call_between(PyObject *method, PyObject *const *args, size_t nargsf, PyObject *keywords)
{
    PyObject *hooks = ((Method *)method)->with;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf),
               by_name = keywords == NULL ? 0 : PyTuple_GET_SIZE(keywords);
    if (nargs < 1 || nargs + by_name != 2 ||
        (by_name > 0 && PyUnicode_Compare(PyTuple_GET_ITEM(keywords, 0), names.request) != 0)) {
        PyErr_SetString(PyExc_TypeError, "a middleware takes one argument, the request");
        return NULL;
    }
    PyObject *is_async = PyObject_GetAttr(args[0], names.is_async);
    int answers_later = is_async == NULL ? -1 : PyObject_IsTrue(is_async);
    Py_XDECREF(is_async);
    if (answers_later != 0) {
        return answers_later < 0 ? NULL : PyObject_CallMethodOneArg(args[0], names.__acall__, args[1]);
    }
    PyObject *scope = PyObject_CallNoArgs(PyTuple_GET_ITEM(hooks, 0));
    if (scope == NULL) {
        return NULL;
    }
    PyObject *response = respond(args[0], PyTuple_GET_ITEM(hooks, 2), args[1]);
    PyObject *exception = response == NULL ? take_exception() : NULL;
    PyObject *after = PyObject_CallFunctionObjArgs(PyTuple_GET_ITEM(hooks, 1), scope,
                                                   response == NULL ? Py_None : response, NULL);
    Py_DECREF(scope);
    if (after == NULL) {
        Py_CLEAR(response);
        Py_CLEAR(exception);
    }
    Py_XDECREF(after);
    if (exception != NULL) {
        raise_again(exception);
    }
    return response;
}

PyDoc_STRVAR(calling_between_doc, "calling_between(before, after, converted, /)\n--\n\n"
                                  "SignalPanelMiddleware.__call__, which has these three called.");

static PyObject *
calling_between(PyObject *Py_UNUSED(module), PyObject *args)
{
    if (PyTuple_GET_SIZE(args) != 3) {
        PyErr_SetString(PyExc_TypeError, "calling_between() takes three functions");
        return NULL;
    }
    return make_method("__call__", "($self, request)", call_between, args);
}

PyDoc_STRVAR(set_up_doc,
             "Take what belongs to the package's Python. To be called once, before anything is sent.");

static PyObject *
set_up(PyObject *Py_UNUSED(module), PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {
        "current",      "idle",  "dispatch", "call",          "no_receivers", "post_init", "climbed_past",
        "running_loop", "plain", "decimal",  "is_plain_time", "stepped",      NULL};
    struct given is = {0};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$OO!OOOOO!OO!O!OO:set_up", keywords, &is.current,
                                     &PlaceType, &is.idle, &is.dispatch, &is.call, &is.no_receivers,
                                     &is.post_init, &PyDict_Type, &is.climbed_past, &is.running_loop,
                                     &PyFrozenSet_Type, &is.plain, &PyType_Type, &is.decimal,
                                     &is.is_plain_time, &is.stepped)) {
        return NULL;
    }
    PyObject **taken = (PyObject **)&is, **kept = (PyObject **)&given;
    for (size_t at = 0; at < sizeof is / sizeof *taken; at++) {
        Py_XSETREF(kept[at], Py_NewRef(taken[at]));
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(send_doc,
             "send(signal, sender, named, receivers, sender_receivers_cache, /)\n--\n\n"
             "As Signal.send, recorded where anything is. To be called by the method in its place.");

PyDoc_STRVAR(send_robust_doc, "send_robust(signal, sender, named, /)\n--\n\nThe same of Signal.send_robust.");

PyDoc_STRVAR(executing_doc,
             "executing(found, /)\n--\n\n"
             "A method for CursorWrapper._execute_with_wrappers that records what ``found`` executes.");

PyDoc_STRVAR(place_spans_doc, "place_spans(sends, parents, starts, by_number, /)\n--\n\nAs in pure.py.");

PyDoc_STRVAR(take_spans_doc,
             "take_spans(rows, starts, ends, kinds, began, numbers, /)\n--\n\nAs in pure.py.");

static PyMethodDef methods[] = {
    {"set_up", (PyCFunction)(void (*)(void))set_up, METH_VARARGS | METH_KEYWORDS, set_up_doc},
    {"append", (PyCFunction)(void (*)(void))append, METH_FASTCALL, append_doc},
    {"send", (PyCFunction)(void (*)(void))send_signal, METH_FASTCALL, send_doc},
    {"send_robust", (PyCFunction)(void (*)(void))send_signal_robust, METH_FASTCALL, send_robust_doc},
    {"calling_between", calling_between, METH_VARARGS, calling_between_doc},
    {"executing", executing, METH_O, executing_doc},
    {"place_spans", place_spans, METH_VARARGS, place_spans_doc},
    {"take_spans", take_spans, METH_VARARGS, take_spans_doc},
    {0},
};

static int
find_what_is_needed(void)
{
#define INTERN_NAME(name) &&(names.name = PyUnicode_InternFromString(#name))
    if (!(1 NAMES(INTERN_NAME))) {
        return -1;
    }
    PyObject *sys = PyImport_ImportModule("sys"), *time = PyImport_ImportModule("time");
    found.getframe = sys == NULL ? NULL : PyObject_GetAttrString(sys, "_getframe");
    found.perf_counter_ns = time == NULL ? NULL : PyObject_GetAttrString(time, "perf_counter_ns");
    found.zero = PyLong_FromLong(0);
    found.one = PyLong_FromLong(1);
    PyObject *array = PyImport_ImportModule("array");
    found.column = array == NULL ? NULL : PyObject_CallMethod(array, "array", "s(i)", "q", 0);
    Py_XDECREF(sys);
    Py_XDECREF(time);
    Py_XDECREF(array);
    return found.getframe && found.perf_counter_ns && found.zero && found.one && found.column ? 0 : -1;
}

static int
execute(PyObject *module)
{
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        /* What is above is one for the process; for other interpreters there is Python's own way. */
        PyErr_SetString(PyExc_ImportError, "this extension is for the main interpreter");
        return -1;
    }
    PyTypeObject *types[] = {&IdentityCacheType, &PlaceType,     &CounterType,     &RecorderType,
                             &QueryLogType,      &AsyncSendType, &SteppedCallType, &MethodType};
    int result = find_what_is_needed();
    for (size_t at = 0; result == 0 && at < sizeof types / sizeof *types; at++) {
        result = PyModule_AddType(module, types[at]);
    }
    return result;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    {0,           NULL   },
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "signal_panel.speedups.compiled",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit_compiled(void)
{
    return PyModuleDef_Init(&definition);
}
