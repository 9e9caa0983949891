/* What the files of this extension know of each other. */

#ifndef SIGNAL_PANEL_COMPILED_H
#define SIGNAL_PANEL_COMPILED_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <structmember.h>

#ifdef __GNUC__
#pragma GCC visibility push(hidden) /* what others call by such a name is not ours */
#endif

/* What set_up was given: the package's own, and Django's. */
struct given {
    PyObject *current, *idle, *dispatch, *call, *no_receivers, *post_init, *climbed_past, *running_loop,
        *plain, *decimal, *is_plain_time;
};
extern struct given given;

/* What is looked up once: functions of Python's, and names. */
struct found {
    PyObject *getframe, *perf_counter_ns, *zero, *one;
};
extern struct found found;

#define NAMES(name)                                                                                          \
    name(signal) name(sender) name(receivers) name(sender_receivers_cache) name(get) name(_live_receivers)   \
        name(instance) name(action) name(send) name(failed) name(end) name(count_calls) name(start)          \
            name(run_async) name(packed) name(sends) name(statement_of) name(db) name(alias) name(sql)       \
                name(params) name(many) name(is_async) name(__acall__) name(get_response) name(unconverted)  \
                    name(request) name(go_through)
#define AS_MEMBER(name) PyObject *name;
struct names {
    NAMES(AS_MEMBER)
};
extern struct names names;

/* Numbers under the identities of up to four things; who fills it clears it when one of them has died. */
typedef struct identity_cache IdentityCache;
extern PyTypeObject IdentityCacheType;
int cache_find(IdentityCache *, const uintptr_t of[4], int64_t *number);
void cache_add(IdentityCache *, const uintptr_t of[4], int64_t number);

typedef struct {
    PyObject_HEAD
    PyObject *collector;
    long long number;
    unsigned long long thread;
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
#define FEW 8

/* The base of Collector: what is looked at on the way of every send. Python may put anything there. */
typedef struct {
    PyObject_HEAD
    PyObject *clock, *numbers, *kinds, *known, *known_receivers, *ignored, *log, *instances, *queries;
    long long quick_limit, quick_room, calls;
    char closed;
    PyObject *packed_of, *packed[FEW]; /* a log, and what was looked up in it */
} Recorder;
extern PyTypeObject RecorderType;
PyObject *packed_rows(Recorder *, Py_ssize_t calls);
int read_clock(Recorder *, int64_t *time);
int note_failure(Recorder *);
PyObject *take_exception(void);
void raise_again(PyObject *);
int find_kind(Recorder *, PyObject *signal, PyObject *sender, int64_t *kind);
int find_receiver(Recorder *, PyObject *receiver, int64_t *number);

/* The base of Queries. */
extern PyTypeObject QueryLogType;
PyObject *executing(PyObject *module, PyObject *found);

PyObject *send_signal(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* Add integers at the end of a bytearray. */
int extend(PyObject *packed, const int64_t *integers, size_t count);

/* Whether this thread runs an event loop, or -1. */
int runs_loop(void);

/* Raise a TypeError, and return -1. */
int is_unusable(const char *what);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
