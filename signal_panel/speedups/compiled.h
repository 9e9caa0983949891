/* What the files of this extension know of each other. */

#ifndef SIGNAL_PANEL_COMPILED_H
#define SIGNAL_PANEL_COMPILED_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <structmember.h>
#include <time.h>

#ifdef __GNUC__
#pragma GCC visibility push(hidden) /* what others call by such a name is not ours */
#endif

/* What is seldom called stands apart from what is on the way of every send: between two sends the processor's
   nearest cache has forgotten both, and each line of it counts. */
#ifdef __GNUC__
#define SELDOM __attribute__((cold, noinline))
#else
#define SELDOM
#endif

/* What set_up was given: the package's own, and Django's. */
struct given {
    PyObject *current, *idle, *dispatch, *call, *no_receivers, *post_init, *climbed_past, *running_loop,
        *plain, *decimal, *is_plain_time, *stepped;
};
extern struct given given;

/* What is looked up once: functions of Python's, integers, a column of one integer, and names. */
struct found {
    PyObject *getframe, *perf_counter_ns, *zero, *one, *column;
};
extern struct found found;

#define NAMES(name)                                                                                          \
    name(signal) name(sender) name(get) name(_live_receivers) name(instance) name(action) name(send)         \
        name(failed) name(end) name(count_calls) name(start) name(run_async) name(packed) name(statement_of) \
            name(db) name(alias) name(sql) name(params) name(many) name(is_async) name(__acall__)            \
                name(get_response) name(unconverted) name(request) name(go_through) name(end_call)           \
                    name(throw) name(value) name(close) name(end_send) name(end_calls) name(start_robust)    \
                        name(_log_robust_failure)
#define AS_MEMBER(name) PyObject *name;
struct names {
    NAMES(AS_MEMBER)
};
extern struct names names;

/* Numbers under the identities of up to four things; who fills it clears it when one of them has died. */
typedef struct identity_cache IdentityCache;
extern PyTypeObject IdentityCacheType;
int cache_find(IdentityCache *, const uintptr_t of[4], int64_t *number);
SELDOM void cache_add(IdentityCache *, const uintptr_t of[4], int64_t number);

/* The codes of the frames from a send up to the line that it counts for, with the instruction of that. */
#define STEPS 6
typedef struct {
    PyCodeObject *codes[STEPS];
    int length, instruction; /* without the last one */
} Trail;
int cache_follow(IdentityCache *, const uintptr_t of[4], PyFrameObject *innermost, int64_t *number);
SELDOM void cache_add_trail(IdentityCache *, const uintptr_t of[4], const Trail *, int64_t number);

typedef struct {
    PyObject_HEAD
    PyObject *collector;
    long long number;
    unsigned long long thread;
    uint64_t found_by, found_at; /* the thread state and its count of contexts when it ran no loop */
} Place;
extern PyTypeObject PlaceType;
PyObject *make_place(PyObject *collector, long long number, unsigned long long thread);

/* The numbers of sends. */
typedef struct {
    PyObject_HEAD
    long long next, step;
} Counter;
extern PyTypeObject CounterType;

static inline long long
take_number(Counter *counter)
{
    counter->next += counter->step;
    return counter->next - counter->step;
}

/* PyObject_TypeCheck, which calls a function where it is no instance of the type itself but of a subclass. */
static inline int
is_instance(PyObject *object, PyTypeObject *type)
{
    return Py_TYPE(object)->tp_base == type || PyObject_TypeCheck(object, type);
}

#define IGNORED (-1) /* in place of a kind, as in kinds.py */
#define HEAD 5       /* the fields of a row in front of those of its calls, as in rows.py */
#define ALONE (-1)   /* in place of how many calls a row has, where it is one by itself */
#define SEND 0       /* ways to send, as in collector.py */
#define SEND_ROBUST 1
#define FEW 8
#define FEW_ARGUMENTS 16

/* The base of Collector: what is looked at on the way of every send. Python may put anything there. */
typedef struct {
    PyObject_HEAD
    PyObject *clock, *numbers, *kinds, *known, *known_receivers, *ignored, *log, *instances, *instance_sends,
        *queries, *busy;
    long long quick_limit, quick_room, calls;
    char closed;
    PyObject *packed_of, *packed[1 + FEW]; /* a log, and what was looked up in it, from ALONE on */
} Recorder;
extern PyTypeObject RecorderType;
int begin_span(Recorder *, PyObject *signal, PyObject *named, int64_t kind, int64_t *number, int64_t *start);
int keep_row(Recorder *, Py_ssize_t calls, const int64_t *row);
SELDOM int ask_clock(Recorder *, int64_t *time);
SELDOM int note_failure(Recorder *);
SELDOM PyObject *take_exception(void);
SELDOM PyObject *take_exception_here(int always);
SELDOM void raise_again(PyObject *);
SELDOM void begin_handling(_PyErr_StackItem *, PyObject *exception);
SELDOM void end_handling(_PyErr_StackItem *);
int find_kind(Recorder *, PyObject *signal, PyObject *sender, int method, int64_t *kind);
int find_receiver(Recorder *, PyObject *receiver, int64_t *number);

/* What the collector's clock says. This is time.perf_counter_ns of Linux, without two calls in between. */
static inline int
read_clock(Recorder *recorder, int64_t *time)
{
#ifdef __linux__
    struct timespec now;
    if (recorder->clock == found.perf_counter_ns && clock_gettime(CLOCK_MONOTONIC, &now) == 0) {
        *time = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
        return 0;
    }
#endif
    return ask_clock(recorder, time);
}

/* What receivers get. */
typedef struct {
    PyObject *signal, *sender, *named; /* borrowed */
    PyObject *keywords, **values;      /* names and, from the second on, what is so named */
    PyObject *few[1 + FEW_ARGUMENTS];
    int is_named_signal;
} Arguments;
int make_arguments(Arguments *, PyObject *signal, PyObject *sender, PyObject *named);
PyObject *call_receiver(const Arguments *, PyObject *receiver);
void end_of_arguments(Arguments *);

/* A method in C, which finds what it was made with on itself. */
typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    const char *name, *signature;
    PyObject *with;
} Method;
extern PyTypeObject MethodType;
PyObject *make_method(const char *name, const char *signature, vectorcallfunc call, PyObject *with);

/* The base of Dispatch. */
extern PyTypeObject AsyncSendType;

/* An async receiver's coroutine. */
extern PyTypeObject SteppedCallType;
PyObject *make_stepped(PyObject *coroutine, PyObject *receiver, PyObject *collector, long long send,
                       long long call);

/* The base of Queries. */
extern PyTypeObject QueryLogType;
PyObject *executing(PyObject *module, PyObject *found);

PyObject *send_signal(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *send_signal_robust(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* The columns of spans. */
PyObject *place_spans(PyObject *module, PyObject *args);
PyObject *take_spans(PyObject *module, PyObject *args);

/* Add integers at the end of a bytearray. */
int extend(PyObject *packed, const int64_t *integers, size_t count);

/* Whether this thread runs an event loop, or -1. */
int runs_loop(void);

/* Have what is sent from here on be inside a place, or inside none where that could not be made: -1. */
int make_current(PyObject *place);

/* Raise a TypeError, and return -1. */
SELDOM int is_unusable(const char *what);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
