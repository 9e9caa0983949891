/* Signal.send and Signal.send_robust, recorded. */

#include "compiled.h"

#define CALLS 16 /* so many need no memory of their own */

/* A send under way. */
typedef struct {
    int method;
    PyObject *signal, *sender, *named; /* borrowed */
    PyObject *receivers, *cache;       /* the signal's, borrowed: the method found them fastest */
    PyObject *outside;                 /* the place of the caller's context */
    PyObject *place;                   /* the one that changes, or NULL where each call gets its own */
    Recorder *recorder;                /* NULL where nothing is recorded */
    PyObject *sync_receivers, *async_receivers; /* NULL until it is known who hears */
    Arguments arguments;
    int64_t *row; /* as in rows.py: the receivers' numbers come last */
    int64_t short_row[HEAD + 2 * CALLS];
    Py_ssize_t room;  /* how many calls the row has room for */
    Py_ssize_t calls; /* how many have ended, since one that raised if one has */
    Py_ssize_t first; /* how many had ended then */
    int has_begun;    /* whether the first of them could begin */
    int has_entered;  /* whether there may be another place to leave */
} Send;

/* The fields of a row. */
enum { SPAN, PARENT, KIND, START, BEGUN };

static void
end_of_send(Send *send)
{
    if (send->row != send->short_row) {
        PyMem_Free(send->row);
    }
    Py_XDECREF(send->sync_receivers);
    Py_XDECREF(send->async_receivers);
    Py_XDECREF(send->recorder);
    Py_XDECREF(send->place);
    Py_XDECREF(send->outside);
}

/* A place of its own, which tasks that begin there keep. */
SELDOM static int
set_place(Send *send, int64_t number)
{
    PyObject *place = make_place((PyObject *)send->recorder, number, 0);
    int result = make_current(place);
    Py_XDECREF(place);
    return result;
}

static inline int
set_number(Send *send, int64_t number)
{
    if (send->place == NULL) {
        return set_place(send, number);
    }
    ((Place *)send->place)->number = number;
    return 0;
}

/* Find the place whose number changes from receiver to receiver, as contexts.enter does. */
SELDOM static int
find_place(Send *send)
{
    Place *outside = (Place *)send->outside;
    int has_loop = runs_loop();
    send->has_entered = has_loop >= 0;
    if (has_loop != 0) {
        return has_loop < 0 ? -1 : 0;
    }
    if (outside->thread == PyThread_get_thread_ident()) {
        PyThreadState *thread = PyThreadState_Get();
        outside->found_by = thread->id;
        outside->found_at = thread->context_ver;
        send->place = Py_NewRef(outside);
        return 0;
    }
    send->place = make_place(outside->collector, outside->number, PyThread_get_thread_ident());
    return make_current(send->place);
}

/* What was found stands while this thread neither enters a context nor leaves one: a loop does so for
   whatever it runs. To ask for the loop and the thread at each send had a twentieth of what a save with the
   panel has more. */
static inline int
enter(Send *send)
{
    Place *outside = (Place *)send->outside;
    PyThreadState *thread = PyThreadState_Get();
    if (outside->found_by != thread->id || outside->found_at != thread->context_ver) {
        return find_place(send);
    }
    send->has_entered = 1;
    send->place = Py_NewRef(outside);
    return 0;
}

/* Find out what is sent, and from where. */
static int
begin(Send *send)
{
    Recorder *recorder = (Recorder *)((Place *)send->outside)->collector;
    if (!is_instance((PyObject *)recorder, &RecorderType)) {
        return is_unusable("place");
    }
    if (find_kind(recorder, send->signal, send->sender, send->method, &send->row[KIND]) < 0) {
        return -1;
    }
    if (send->row[KIND] == IGNORED) {
        return 0;
    }
    send->recorder = (Recorder *)Py_NewRef(recorder);
    send->row[PARENT] = ((Place *)send->outside)->number;
    return begin_span(send->recorder, send->signal, send->named, send->row[KIND], &send->row[SPAN],
                      &send->row[START]);
}

/* Whether anybody may hear it, or -1. */
static int
may_be_heard(Send *send)
{
    int are_there = PyObject_IsTrue(send->receivers);
    if (are_there <= 0) {
        return are_there;
    }
    PyObject *cached = PyObject_CallMethodOneArg(send->cache, names.get, send->sender);
    if (cached == NULL) {
        return -1;
    }
    int nobody_does = cached == given.no_receivers;
    Py_DECREF(cached);
    return !nobody_does;
}

/* Find out who hears it. */
static int
ask_for_receivers(Send *send)
{
    PyObject *live = PyObject_CallMethodOneArg(send->signal, names._live_receivers, send->sender);
    PyObject *both = live == NULL ? NULL : PySequence_Tuple(live);
    Py_XDECREF(live);
    if (both == NULL) {
        return -1;
    }
    if (PyTuple_GET_SIZE(both) != 2) {
        PyErr_Format(PyExc_ValueError, "expected 2 values to unpack, got %zd", PyTuple_GET_SIZE(both));
        Py_DECREF(both);
        return -1;
    }
    send->sync_receivers = PySequence_Fast(PyTuple_GET_ITEM(both, 0), "receivers have to be iterable");
    send->async_receivers = Py_NewRef(PyTuple_GET_ITEM(both, 1));
    Py_DECREF(both);
    return send->sync_receivers == NULL ? -1 : 0;
}

/* Make room for more calls in the row. */
SELDOM static int
make_room(Send *send)
{
    int64_t *row = PyMem_New(int64_t, HEAD + 2 * 2 * send->room);
    if (row == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(row, send->row, (HEAD + send->calls) * sizeof *row);
    if (send->row != send->short_row) {
        PyMem_Free(send->row);
    }
    send->row = row;
    send->room *= 2;
    return 0;
}

/* When its calls have ended, since one that raised if one has. */
SELDOM static PyObject *
ends_of_calls(const Send *send)
{
    PyObject *ends = PyTuple_New(send->calls);
    for (Py_ssize_t at = 0; ends != NULL && at < send->calls; at++) {
        PyObject *end = PyLong_FromLongLong(send->row[HEAD + at]);
        if (end == NULL) {
            Py_CLEAR(ends);
        }
        else {
            PyTuple_SET_ITEM(ends, at, end);
        }
    }
    return ends;
}

/* Have the collector keep the calls since the last that raised, and one that has raised now. */
SELDOM static int
hand_over_calls(Send *send, PyObject *exception)
{
    PyObject *ends = ends_of_calls(send), *done = NULL;
    PyObject *receivers = PySequence_GetSlice(send->sync_receivers, send->first, PY_SSIZE_T_MAX);
    PyObject *method = PyObject_GetAttr((PyObject *)send->recorder, names.end_calls);
    if (ends != NULL && receivers != NULL && method != NULL) {
        done = PyObject_CallFunction(method, "LLOOnO", (long long)send->row[SPAN],
                                     (long long)send->row[BEGUN], ends, receivers, send->first, exception);
    }
    Py_XDECREF(ends);
    Py_XDECREF(receivers);
    Py_XDECREF(method);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* What send_robust answers for a receiver that has raised; what Django does about it is nobody's call. */
SELDOM static PyObject *
answer_exception(Send *send, PyObject *receiver, Py_ssize_t number)
{
    PyObject *exception = take_exception_here(1), *logged = NULL;
    _PyErr_StackItem handled;
    begin_handling(&handled, exception);
    int result = send->recorder == NULL ? 0 : hand_over_calls(send, exception);
    send->has_begun = 0;
    if (result == 0) {
        logged =
            PyObject_CallMethodObjArgs(send->signal, names._log_robust_failure, receiver, exception, NULL);
        result = logged == NULL ? -1 : 0;
        Py_XDECREF(logged);
    }
    end_handling(&handled);
    if (result == 0 && send->recorder != NULL) {
        result = read_clock(send->recorder, &send->row[BEGUN]);
        send->has_begun = result == 0;
    }
    if (result < 0) {
        Py_DECREF(exception);
        return NULL;
    }
    send->first = number;
    send->calls = 0;
    return exception;
}

static int
call_sync(Send *send, PyObject *responses)
{
    for (Py_ssize_t at = 0; at < PySequence_Fast_GET_SIZE(send->sync_receivers); at++) {
        if (send->recorder != NULL && ((send->calls == send->room && make_room(send) < 0) ||
                                       set_number(send, send->row[SPAN] + 1 + at) < 0)) {
            return -1;
        }
        PyObject *receiver = Py_NewRef(PySequence_Fast_GET_ITEM(send->sync_receivers, at));
        PyObject *response = call_receiver(&send->arguments, receiver);
        int result = 0;
        if (response == NULL && send->method == SEND_ROBUST && PyErr_ExceptionMatches(PyExc_Exception)) {
            response = answer_exception(send, receiver, at + 1);
        }
        else if (response != NULL && send->recorder != NULL) {
            result = read_clock(send->recorder, &send->row[HEAD + send->calls]);
            send->calls += result == 0;
        }
        if (response == NULL) {
            result = -1;
        }
        PyObject *pair = result < 0 ? NULL : PyTuple_Pack(2, receiver, response);
        result = pair == NULL ? -1 : PyList_Append(responses, pair);
        Py_XDECREF(pair);
        Py_XDECREF(response);
        Py_DECREF(receiver);
        if (result < 0) {
            return -1;
        }
    }
    return 0;
}

SELDOM static int
call_async(Send *send, PyObject *responses)
{
    PyObject *collector =
        send->recorder == NULL ? ((Place *)given.idle)->collector : (PyObject *)send->recorder;
    PyObject *dispatch =
        PyObject_CallFunction(given.dispatch, "OOOOLn", send->signal, send->sender, send->named, collector,
                              (long long)send->row[SPAN], PyList_GET_SIZE(responses));
    PyObject *way = send->method == SEND_ROBUST ? names.start_robust : names.start;
    PyObject *start = dispatch == NULL ? NULL : PyObject_GetAttr(dispatch, way), *answers = NULL;
    if (start != NULL) {
        answers = PyObject_CallMethodObjArgs(dispatch, names.run_async, start, send->async_receivers, NULL);
    }
    PyObject *extended = answers == NULL ? NULL : PySequence_InPlaceConcat(responses, answers);
    Py_XDECREF(dispatch);
    Py_XDECREF(start);
    Py_XDECREF(answers);
    Py_XDECREF(extended);
    return extended == NULL ? -1 : 0;
}

/* Call all who hear it, one after the other. */
static int
call_all(Send *send, PyObject *responses)
{
    int is_heard = may_be_heard(send);
    if (is_heard < 0 || (is_heard && ask_for_receivers(send) < 0)) {
        return -1;
    }
    if (send->recorder != NULL) {
        if (read_clock(send->recorder, &send->row[BEGUN]) < 0) {
            return -1;
        }
        send->has_begun = 1;
    }
    if (!is_heard) {
        return 0;
    }
    if (send->recorder != NULL && enter(send) < 0) {
        return -1;
    }
    if (make_arguments(&send->arguments, send->signal, send->sender, send->named) < 0) {
        return -1;
    }
    int result = call_sync(send, responses);
    end_of_arguments(&send->arguments);
    if (result < 0) {
        return -1;
    }
    if (send->recorder != NULL && set_number(send, send->row[PARENT]) < 0) {
        return -1;
    }
    int has_async = PyObject_IsTrue(send->async_receivers);
    return has_async > 0 ? call_async(send, responses) : has_async;
}

/* Keep its row: 1 if that could be done, 0 where something is out of the ordinary, or -1. */
static int
keep(Send *send)
{
    Recorder *recorder = send->recorder;
    Py_ssize_t calls = send->calls;
    int has_async = send->async_receivers == NULL ? 0 : PyObject_IsTrue(send->async_receivers);
    if (has_async != 0 || send->first > 0 || send->row[SPAN] >= recorder->quick_limit) {
        return has_async < 0 ? -1 : 0;
    }
    if (calls > 0 && calls != PySequence_Fast_GET_SIZE(send->sync_receivers)) {
        return 0; /* somebody has the list, and has changed it */
    }
    for (Py_ssize_t at = 0; at < calls; at++) {
        PyObject *receiver = PySequence_Fast_GET_ITEM(send->sync_receivers, at);
        int found = find_receiver(recorder, receiver, &send->row[HEAD + calls + at]);
        if (found != 1) {
            return found;
        }
    }
    return keep_row(recorder, calls, send->row) < 0 ? -1 : 1;
}

/* Have the collector keep it, with what was raised if anything was. */
SELDOM static int
hand_over(Send *send, PyObject *exception)
{
    PyObject *nobody = PyTuple_New(0), *ends = ends_of_calls(send);
    PyObject *begun = send->has_begun ? PyLong_FromLongLong(send->row[BEGUN]) : Py_NewRef(Py_None),
             *done = NULL;
    PyObject *end = PyObject_GetAttr((PyObject *)send->recorder, names.end);
    if (nobody && ends && begun && end) {
        done =
            PyObject_CallFunction(end, "LLLLOOOnOO", (long long)send->row[SPAN], (long long)send->row[PARENT],
                                  (long long)send->row[KIND], (long long)send->row[START], begun, ends,
                                  send->sync_receivers == NULL ? nobody : send->sync_receivers, send->first,
                                  send->async_receivers == NULL ? nobody : send->async_receivers,
                                  exception == NULL ? Py_None : exception);
    }
    Py_XDECREF(nobody);
    Py_XDECREF(ends);
    Py_XDECREF(begun);
    Py_XDECREF(end);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* Put back the place that was outside. */
static void
leave(Send *send)
{
    if (send->place != NULL) {
        set_number(send, send->row[PARENT]);
    }
    if (send->has_entered && send->place != send->outside && make_current(send->outside) < 0) {
        PyErr_Clear();
    }
}

/* Record nothing of it, nor of what it causes. */
SELDOM static int
ignore(Send *send, PyObject *responses)
{
    if (make_current(given.idle) < 0) {
        return -1;
    }
    int result = call_all(send, responses);
    PyObject *exception = result < 0 ? take_exception() : NULL;
    if (make_current(send->outside) < 0) {
        PyErr_Clear();
    }
    if (exception != NULL) {
        raise_again(exception);
    }
    return result;
}

static int
record(Send *send, PyObject *responses)
{
    if (begin(send) < 0) {
        PyObject *exception = take_exception();
        if (make_current(send->outside) < 0) {
            PyErr_Clear();
        }
        raise_again(exception);
        return -1;
    }
    if (send->row[KIND] == IGNORED) {
        return ignore(send, responses);
    }
    if (call_all(send, responses) < 0) {
        PyObject *exception = take_exception();
        leave(send);
        if (hand_over(send, exception) < 0) {
            Py_DECREF(exception);
            return -1;
        }
        raise_again(exception);
        return -1;
    }
    leave(send);
    int kept = keep(send);
    if (kept < 0) {
        if (!PyErr_ExceptionMatches(PyExc_Exception)) {
            return -1;
        }
        PyErr_Clear(); /* the collector meets it again, and notes it */
    }
    return kept == 1 ? 0 : hand_over(send, NULL);
}

static PyObject *
send_by(int method, PyObject *const *args, Py_ssize_t nargs)
{
    if (given.current == NULL || nargs != 5 || !PyDict_CheckExact(args[2])) {
        PyErr_SetString(
            PyExc_TypeError,
            "sending takes a signal, a sender, a dictionary and what the signal has, after set_up()");
        return NULL;
    }
    PyObject *outside, *responses = PyList_New(0);
    if (responses == NULL || PyContextVar_Get(given.current, NULL, &outside) < 0) {
        Py_XDECREF(responses);
        return NULL;
    }
    if (!Py_IS_TYPE(outside, &PlaceType)) {
        is_unusable("place");
        Py_DECREF(outside);
        Py_DECREF(responses);
        return NULL;
    }
    Send send; /* what is long in it stays as it is */
    send.method = method;
    send.signal = args[0];
    send.sender = args[1];
    send.named = args[2];
    send.receivers = args[3];
    send.cache = args[4];
    send.outside = outside;
    send.place = NULL;
    send.recorder = NULL;
    send.sync_receivers = send.async_receivers = NULL;
    send.row = send.short_row;
    send.row[SPAN] = 0;
    send.room = CALLS;
    send.calls = send.first = send.has_begun = send.has_entered = 0;
    int is_idle = ((Place *)outside)->collector == ((Place *)given.idle)->collector;
    int result = is_idle ? call_all(&send, responses) : record(&send, responses);
    end_of_send(&send);
    if (result < 0) {
        Py_CLEAR(responses);
    }
    return responses;
}

PyObject *
send_signal(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return send_by(SEND, args, nargs);
}

PyObject *
send_signal_robust(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return send_by(SEND_ROBUST, args, nargs);
}
