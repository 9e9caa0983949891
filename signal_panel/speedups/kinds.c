/* Finds the numbers that Kinds has given to sends and receivers. */

#include "compiled.h"

/* Whether a dictionary has a number under the key; or -1. */
static int
find_under(PyObject *numbers, PyObject *key, int64_t *number)
{
    if (key == NULL) {
        return -1;
    }
    PyObject *value = PyDict_GetItemWithError(numbers, key);
    if (value == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    *number = PyLong_AsLongLong(value);
    return *number == -1 && PyErr_Occurred() ? -1 : 1;
}

static int
can_find(Recorder *recorder)
{
    if (recorder->known == NULL || !Py_IS_TYPE(recorder->known, &IdentityCacheType) ||
        recorder->known_receivers == NULL || !PyDict_CheckExact(recorder->known_receivers) ||
        recorder->ignored == NULL || !PyDict_CheckExact(recorder->ignored)) {
        return is_unusable("collector");
    }
    return 0;
}

/* Whether the receiver has a number, or -1. */
int
find_receiver(Recorder *recorder, PyObject *receiver, int64_t *number)
{
    /* A bound method is a new object at every send; its function is not. */
    PyObject *lasting = PyMethod_Check(receiver) ? PyMethod_GET_FUNCTION(receiver) : receiver;
    uintptr_t of[4] = {(uintptr_t)lasting};
    if (can_find(recorder) < 0) {
        return -1;
    }
    if (cache_find((IdentityCache *)recorder->known, of, number)) {
        return 1;
    }
    PyObject *key = PyLong_FromVoidPtr(lasting);
    int is_known = find_under(recorder->known_receivers, key, number);
    Py_XDECREF(key);
    if (is_known == 1) {
        cache_add((IdentityCache *)recorder->known, of, *number);
    }
    return is_known;
}

/* A line that a send comes from. */
typedef struct {
    PyCodeObject *code; /* borrowed */
    int instruction;
} Line;

/* The key that Kinds.send keeps a kind under: signal, sender or inverted class, the code and instruction of
   a package's if there is one, and those of the user's or of what the frames above were climbed to. */
static SELDOM PyObject *
key_of_send(const uintptr_t way_of, PyObject *who, int is_class_of_sender, Line package, Line end)
{
    PyObject *way = PyLong_FromVoidPtr((void *)way_of), *by = PyLong_FromVoidPtr(who),
             *through = PyLong_FromVoidPtr(package.code), *in = PyLong_FromVoidPtr(end.code), *key = NULL;
    if (by != NULL && is_class_of_sender) {
        Py_SETREF(by, PyNumber_Invert(by));
    }
    if (way && by && through && in) {
        key = package.code == NULL
                  ? Py_BuildValue("(OOOi)", way, by, in, end.instruction)
                  : Py_BuildValue("(OOOiOi)", way, by, through, package.instruction, in, end.instruction);
    }
    Py_XDECREF(way);
    Py_XDECREF(by);
    Py_XDECREF(through);
    Py_XDECREF(in);
    return key;
}

/* What a send is told from others by, but for where it comes from. */
typedef struct {
    PyObject *signal, *sender, *who; /* borrowed */
    int method, stands_for_itself;
} Sent;

/* Have Kinds tell what nobody has asked for before. */
static SELDOM int
learn_kind(Recorder *recorder, const Sent *sent, PyObject *frame, int64_t *kind)
{
    PyObject *way = PyLong_FromLong(sent->method);
    PyObject *number = way == NULL ? NULL
                                   : PyObject_CallMethodObjArgs(recorder->kinds, names.send, sent->signal,
                                                                sent->sender, way, frame, NULL);
    Py_XDECREF(way);
    *kind = number == NULL ? -1 : PyLong_AsLongLong(number);
    Py_XDECREF(number);
    return *kind == -1 && PyErr_Occurred() ? -1 : 1;
}

/* Climb to a line that somebody has sent from before: 1, 0 where there is none, or -1. */
static SELDOM int
climb(Recorder *recorder, const Sent *sent, uintptr_t of[4], PyFrameObject *frame, int64_t *kind)
{
    IdentityCache *known = (IdentityCache *)recorder->known;
    int is_known = 0, is_cached = 0;
    Line package = {0}, line = {0};
    Trail trail = {0};
    uintptr_t from[4] = {of[0], of[1], of[2], of[3]};
    PyFrameObject *climber = (PyFrameObject *)Py_XNewRef(frame);
    while (climber != NULL) { /* most sends are Django's, on behalf of a line further up */
        line.code = PyFrame_GetCode(climber);
        Py_DECREF(line.code); /* the frame has it */
        line.instruction = PyFrame_GetLasti(climber);
        if (package.code == NULL) {
            of[2] = (uintptr_t)line.code;
            of[3] = (uintptr_t)line.instruction;
            is_known = is_cached = cache_find(known, of, kind);
            if (is_known) {
                break;
            }
        }
        PyObject *is_packages = PyDict_GetItemWithError(given.climbed_past, line.code->co_filename);
        if (is_packages == NULL) {
            is_known = PyErr_Occurred() ? -1 : 0;
            break;
        }
        if (is_packages == Py_True && package.code == NULL) {
            package = line;
        }
        if (trail.length < STEPS) {
            trail.codes[trail.length] = line.code;
        }
        trail.length++;
        line = (Line){0};
        Py_SETREF(climber, PyFrame_GetBack(climber));
    }
    if (is_known == 0) {
        PyObject *key = key_of_send(of[0], sent->who, !sent->stands_for_itself, package, line);
        is_known = find_under(recorder->known_receivers, key, kind);
        if (is_known == 0) {
            is_known = find_under(recorder->ignored, key, kind);
            *kind = IGNORED;
        }
        Py_XDECREF(key);
    }
    if (is_known == 1 && package.code == NULL && line.code != NULL) {
        if (!is_cached) {
            cache_add(known, of, *kind);
        }
        if (trail.length > 0 && trail.length < STEPS) {
            trail.codes[trail.length] = line.code;
            trail.instruction = line.instruction;
            cache_add_trail(known, from, &trail, *kind);
        }
    }
    Py_XDECREF(climber);
    return is_known;
}

/* The number for a send's kind, or IGNORED; or -1. */
static int
ask_for_kind(Recorder *recorder, PyObject *signal, PyObject *sender, int method, int64_t *kind)
{
    PyObject *frame = PyObject_CallOneArg(found.getframe, found.one); /* above the method's own */
    if (frame == NULL && PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyErr_Clear(); /* the method's caller has none, as an extension's */
        frame = Py_NewRef(Py_None);
    }
    if (frame == NULL || can_find(recorder) < 0) {
        Py_XDECREF(frame);
        return -1;
    }
    Sent sent = {signal, sender, sender, method,
                 sender == Py_None || PyType_Check(sender) || PyFunction_Check(sender)};
    if (!sent.stands_for_itself) {
        sent.who = (PyObject *)Py_TYPE(sender);
    }
    uintptr_t of[4] = {(uintptr_t)signal + method,
                       sent.stands_for_itself ? (uintptr_t)sender : ~(uintptr_t)sent.who};
    PyFrameObject *innermost = frame == Py_None ? NULL : (PyFrameObject *)frame;
    int is_known = 0;
    if (innermost != NULL) {
        PyCodeObject *code = PyFrame_GetCode(innermost);
        of[2] = (uintptr_t)code;
        of[3] = (uintptr_t)PyFrame_GetLasti(innermost);
        Py_DECREF(code); /* the frame has it */
        is_known = cache_follow((IdentityCache *)recorder->known, of, innermost, kind);
    }
    if (is_known == 0) {
        is_known = climb(recorder, &sent, of, innermost, kind);
    }
    if (is_known == 0) {
        is_known = learn_kind(recorder, &sent, frame, kind);
    }
    Py_DECREF(frame);
    return is_known < 0 ? -1 : 0;
}

/* As Collector.kind_of: where we fail to find it, the send is IGNORED. */
int
find_kind(Recorder *recorder, PyObject *signal, PyObject *sender, int method, int64_t *kind)
{
    if (ask_for_kind(recorder, signal, sender, method, kind) == 0) {
        return 0;
    }
    *kind = IGNORED;
    return note_failure(recorder);
}
