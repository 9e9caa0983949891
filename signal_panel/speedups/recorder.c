/* Place and Recorder: the bases of what is passed from one send to the next. */

#include "compiled.h"

#define OFTEN (512 * 4) /* as in instances.py */

PyObject *
make_place(PyObject *collector, long long number, unsigned long long thread)
{
    Place *place = PyObject_GC_New(Place, &PlaceType);
    if (place != NULL) {
        place->collector = Py_NewRef(collector);
        place->number = number;
        place->thread = thread;
        place->found_by = place->found_at = 0;
        PyObject_GC_Track(place);
    }
    return (PyObject *)place;
}

/* Place(collector, number, thread=0) */
static PyObject *
place_new(PyObject *Py_UNUSED(type), PyObject *const *args, size_t nargsf, PyObject *keywords)
{
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    if (nargs < 2 || nargs > 3 || (keywords != NULL && PyTuple_GET_SIZE(keywords) > 0)) {
        PyErr_SetString(PyExc_TypeError, "Place() takes a collector, a number and maybe a thread");
        return NULL;
    }
    long long number = PyLong_AsLongLong(args[1]);
    unsigned long long thread = nargs == 3 && !PyErr_Occurred() ? PyLong_AsUnsignedLongLong(args[2]) : 0;
    return PyErr_Occurred() ? NULL : make_place(args[0], number, thread);
}

int
make_current(PyObject *place)
{
    PyObject *token = place == NULL ? NULL : PyContextVar_Set(given.current, place);
    Py_XDECREF(token);
    return token == NULL ? -1 : 0;
}

PyDoc_STRVAR(here_doc, "here(collector, number, /)\n--\n\nA place for what this thread does next.");

static PyObject *
place_here(PyObject *Py_UNUSED(type), PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 2) {
        return PyErr_Format(PyExc_TypeError, "here() takes a collector and a number, got %zd arguments",
                            nargs);
    }
    long long number = PyLong_AsLongLong(args[1]);
    int has_loop = number == -1 && PyErr_Occurred() ? -1 : runs_loop();
    return has_loop < 0 ? NULL : make_place(args[0], number, has_loop ? 0 : PyThread_get_thread_ident());
}

static PyMethodDef place_methods[] = {
    {"here", (PyCFunction)(void (*)(void))place_here, METH_FASTCALL | METH_CLASS, here_doc},
    {0},
};

static int
place_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((Place *)self)->collector);
    return 0;
}

static int
place_clear(PyObject *self)
{
    Py_CLEAR(((Place *)self)->collector);
    return 0;
}

static void
place_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    place_clear(self);
    Py_TYPE(self)->tp_free(self);
}

static PyMemberDef place_members[] = {
    {"collector", T_OBJECT_EX, offsetof(Place, collector), READONLY, NULL},
    {"number", T_LONGLONG, offsetof(Place, number), 0, NULL},
    {"thread", T_ULONGLONG, offsetof(Place, thread), READONLY, NULL},
    {0},
};

PyTypeObject PlaceType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "signal_panel.speedups.compiled.Place",
    .tp_basicsize = sizeof(Place),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_vectorcall = place_new,
    .tp_dealloc = place_dealloc,
    .tp_traverse = place_traverse,
    .tp_clear = place_clear,
    .tp_members = place_members,
    .tp_methods = place_methods,
};

/* Counter(start, step): itertools.count, of which C takes numbers without making objects of them. */
static PyObject *
counter_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    long long next, step;
    if (!PyArg_ParseTuple(args, "LL:Counter", &next, &step)) {
        return NULL;
    }
    Counter *self = (Counter *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->next = next;
        self->step = step;
    }
    return (PyObject *)self;
}

static PyObject *
counter_next(PyObject *self)
{
    return PyLong_FromLongLong(take_number((Counter *)self));
}

PyTypeObject CounterType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "signal_panel.speedups.compiled.Counter",
    .tp_basicsize = sizeof(Counter),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = counter_new,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = counter_next,
};

static void
forget_rows(Recorder *recorder)
{
    Py_CLEAR(recorder->packed_of);
    for (int at = 0; at <= FEW; at++) {
        Py_CLEAR(recorder->packed[at]);
    }
}

/* The bytearray for the rows of sends with so many calls, as a new reference. */
static SELDOM PyObject *
look_up_rows(Recorder *recorder, Py_ssize_t calls)
{
    if (recorder->log == NULL) {
        is_unusable("collector");
        return NULL;
    }
    if (recorder->packed_of != recorder->log) {
        forget_rows(recorder);
        recorder->packed_of = Py_NewRef(recorder->log);
    }
    PyObject **known = calls < FEW ? &recorder->packed[1 + calls] : NULL;
    PyObject *key = PyLong_FromSsize_t(calls);
    PyObject *rows = key == NULL ? NULL : PyObject_GetItem(recorder->log, key);
    PyObject *packed = rows == NULL ? NULL : PyObject_GetAttr(rows, names.packed);
    Py_XDECREF(key);
    Py_XDECREF(rows);
    if (packed != NULL && known != NULL) {
        Py_XSETREF(*known, Py_NewRef(packed));
    }
    return packed;
}

static inline PyObject *
packed_rows(Recorder *recorder, Py_ssize_t calls)
{
    PyObject *known =
        recorder->packed_of == recorder->log && calls < FEW ? recorder->packed[1 + calls] : NULL;
    return known != NULL ? Py_NewRef(known) : look_up_rows(recorder, calls);
}

/* Count the calls of a row where they are not as many as sends. */
static SELDOM int
count_calls(Recorder *recorder, Py_ssize_t calls)
{
    recorder->calls += calls == ALONE ? 1 : calls;
    if (recorder->calls <= recorder->quick_room) {
        return 0;
    }
    PyObject *counted = PyObject_CallMethodOneArg((PyObject *)recorder, names.count_calls, found.zero);
    Py_XDECREF(counted);
    return counted == NULL ? -1 : 0;
}

/* Add a row, and count its calls. */
int
keep_row(Recorder *recorder, Py_ssize_t calls, const int64_t *row)
{
    if (calls != 0 && calls != 1 && count_calls(recorder, calls) < 0) {
        return -1;
    }
    PyObject *packed = packed_rows(recorder, calls);
    int kept = packed == NULL ? -1 : extend(packed, row, HEAD + 2 * (calls == ALONE ? 0 : calls));
    Py_XDECREF(packed);
    return kept;
}

static int
recorder_traverse(PyObject *self, visitproc visit, void *arg)
{
    Recorder *recorder = (Recorder *)self;
    for (PyObject **member = &recorder->clock; member <= &recorder->busy; member++) {
        Py_VISIT(*member);
    }
    Py_VISIT(recorder->packed_of);
    return 0;
}

static int
recorder_clear(PyObject *self)
{
    Recorder *recorder = (Recorder *)self;
    for (PyObject **member = &recorder->clock; member <= &recorder->busy; member++) {
        Py_CLEAR(*member);
    }
    forget_rows(recorder);
    return 0;
}

static void
recorder_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    recorder_clear(self);
    Py_TYPE(self)->tp_free(self);
}

static PyMemberDef recorder_members[] = {
    {"clock", T_OBJECT_EX, offsetof(Recorder, clock), 0, NULL},
    {"numbers", T_OBJECT_EX, offsetof(Recorder, numbers), 0, NULL},
    {"kinds", T_OBJECT_EX, offsetof(Recorder, kinds), 0, NULL},
    {"known", T_OBJECT_EX, offsetof(Recorder, known), 0, NULL},
    {"known_receivers", T_OBJECT_EX, offsetof(Recorder, known_receivers), 0, NULL},
    {"ignored", T_OBJECT_EX, offsetof(Recorder, ignored), 0, NULL},
    {"log", T_OBJECT_EX, offsetof(Recorder, log), 0, NULL},
    {"instances", T_OBJECT_EX, offsetof(Recorder, instances), 0, NULL},
    {"instance_sends", T_OBJECT_EX, offsetof(Recorder, instance_sends), 0, NULL},
    {"queries", T_OBJECT_EX, offsetof(Recorder, queries), 0, NULL},
    {"busy", T_OBJECT_EX, offsetof(Recorder, busy), 0, NULL},
    {"closed", T_BOOL, offsetof(Recorder, closed), 0, NULL},
    {"quick_limit", T_LONGLONG, offsetof(Recorder, quick_limit), 0, NULL},
    {"quick_room", T_LONGLONG, offsetof(Recorder, quick_room), 0, NULL},
    {"calls", T_LONGLONG, offsetof(Recorder, calls), 0, NULL},
    {0},
};

PyTypeObject RecorderType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "signal_panel.speedups.compiled.Recorder",
    .tp_basicsize = sizeof(Recorder),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_dealloc = recorder_dealloc,
    .tp_traverse = recorder_traverse,
    .tp_clear = recorder_clear,
    .tp_members = recorder_members,
};

/* What has been raised, which is no longer. */
PyObject *
take_exception(void)
{
#if PY_VERSION_HEX >= 0x030C0000
    return PyErr_GetRaisedException();
#else
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL) {
        PyException_SetTraceback(value, traceback);
        Py_DECREF(traceback);
    }
    Py_DECREF(type);
    return value;
#endif
}

void
raise_again(PyObject *exception)
{
#if PY_VERSION_HEX >= 0x030C0000
    PyErr_SetRaisedException(exception);
#else
    PyErr_Restore(Py_NewRef(Py_TYPE(exception)), exception, PyException_GetTraceback(exception));
#endif
}

/* What has been raised, as an except clause of the Python that calls us has it: its frame is in the
   traceback. Where Python has left a frame of its own, that may be enough. */
PyObject *
take_exception_here(int always)
{
    PyObject *exception = take_exception(), *traceback = PyException_GetTraceback(exception);
    if (always || traceback == NULL) {
        PyFrameObject *frame = PyEval_GetFrame();
        raise_again(exception);
        if (frame != NULL) {
            PyTraceBack_Here(frame);
        }
        exception = take_exception();
    }
    Py_XDECREF(traceback);
    return exception;
}

/* Go on as in an except clause in a frame of its own: what a generator or a coroutine handles is not touched.
 */
void
begin_handling(_PyErr_StackItem *handled, PyObject *exception)
{
    PyThreadState *thread = PyThreadState_Get();
    *handled = (_PyErr_StackItem){.exc_value = Py_NewRef(exception), .previous_item = thread->exc_info};
    thread->exc_info = handled;
}

void
end_handling(_PyErr_StackItem *handled)
{
    PyThreadState_Get()->exc_info = handled->previous_item;
    Py_XDECREF(handled->exc_value);
}

/* Tell the collector of a failure of ours. -1 where it is none of ours, as a KeyboardInterrupt. */
int
note_failure(Recorder *recorder)
{
    if (!PyErr_ExceptionMatches(PyExc_Exception)) {
        return -1;
    }
    PyObject *failure = take_exception();
    PyObject *noted = PyObject_CallMethodOneArg((PyObject *)recorder, names.failed, failure);
    Py_DECREF(failure);
    Py_XDECREF(noted);
    return noted == NULL ? -1 : 0;
}

int
ask_clock(Recorder *recorder, int64_t *time)
{
    if (recorder->clock == found.perf_counter_ns) {
#if PY_VERSION_HEX >= 0x030D0000
        PyTime_t nanoseconds;
        if (PyTime_PerfCounterRaw(&nanoseconds) == 0) {
            *time = nanoseconds;
            return 0;
        }
#else
        *time = _PyTime_GetPerfCounter();
        return 0;
#endif
    }
    PyObject *nanoseconds = recorder->clock == NULL ? NULL : PyObject_CallNoArgs(recorder->clock);
    if (nanoseconds == NULL) {
        return PyErr_Occurred() ? -1 : is_unusable("clock");
    }
    *time = PyLong_AsLongLong(nanoseconds);
    Py_DECREF(nanoseconds);
    return *time == -1 && PyErr_Occurred() ? -1 : 0;
}

/* Keep the instance that a send is about, weakly. */
static int
keep_instance(Recorder *recorder, PyObject *signal, PyObject *named, int64_t number, int64_t kind_of_send)
{
    PyObject *instance = PyDict_GET_SIZE(named) == 0 ? NULL : PyDict_GetItemWithError(named, names.instance);
    if (instance == NULL || signal == given.post_init || number >= recorder->quick_limit) {
        return PyErr_Occurred() ? -1 : 0;
    }
    PyObject *reference = PyWeakref_NewRef(instance, NULL);
    if (reference == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_TypeError)) {
            return note_failure(recorder);
        }
        PyErr_Clear(); /* nobody could tell it from another */
        return 0;
    }
    PyObject *action = PyDict_GetItemWithError(named, names.action);
    if (action == NULL || !PyUnicode_CheckExact(action)) {
        action = Py_None; /* one is one of Django's own strings; anything else might run the user's code */
    }
    PyObject *sends = Py_XNewRef(recorder->instance_sends);
    PyObject *kind = PyLong_FromLongLong(kind_of_send), *span = PyLong_FromLongLong(number);
    int kept = -1;
    if (kind && span && sends && PyList_CheckExact(sends)) {
        /* No other thread, and no code of anybody's, can come in between. */
        kept = PyList_Append(sends, reference) < 0 || PyList_Append(sends, kind) < 0 ||
                       PyList_Append(sends, action) < 0 || PyList_Append(sends, span) < 0
                   ? -1
                   : 0;
    }
    else if (!PyErr_Occurred()) {
        is_unusable("list of instances");
    }
    if (kept == 0 && PyList_GET_SIZE(sends) % OFTEN == 0) {
        PyObject *done = PyObject_CallMethodNoArgs(recorder->instances, names.go_through);
        kept = done == NULL ? -1 : 0;
        Py_XDECREF(done);
    }
    Py_XDECREF(reference);
    Py_XDECREF(kind);
    Py_XDECREF(span);
    Py_XDECREF(sends);
    return kept == 0 ? 0 : note_failure(recorder);
}

/* Give a send of this kind its number, and look when it starts. */
int
begin_span(Recorder *recorder, PyObject *signal, PyObject *named, int64_t kind, int64_t *number,
           int64_t *start)
{
    PyObject *numbers = recorder->numbers;
    if (numbers == NULL || !Py_IS_TYPE(numbers, &CounterType)) {
        return is_unusable("collector");
    }
    *number = take_number((Counter *)numbers);
    if (keep_instance(recorder, signal, named, *number, kind) < 0) {
        return -1;
    }
    return read_clock(recorder, start);
}
