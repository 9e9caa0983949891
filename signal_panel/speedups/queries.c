/* QueryLog, the base of what keeps queries, and what stands where Django executes them. */

#include "compiled.h"

#define NOTHING (-1) /* in place of the number of parameters, as in recording/columns.py */

typedef struct {
    PyObject_HEAD
    PyObject *log;     /* a bytearray of rows */
    PyObject *numbers; /* (text, alias): (number, whether to make it again is worth telling) */
    PyObject *seen;    /* hash of a statement's number and parameters: number */
    long long room;    /* how many bytes the log may have */
} QueryLog;

static PyObject *
query_log_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    QueryLog *self = (QueryLog *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->log = PyByteArray_FromStringAndSize(NULL, 0);
        self->numbers = PyDict_New();
        self->seen = PyDict_New();
        if (self->log == NULL || self->numbers == NULL || self->seen == NULL) {
            Py_CLEAR(self);
        }
    }
    return (PyObject *)self;
}

static int
query_log_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((QueryLog *)self)->numbers);
    Py_VISIT(((QueryLog *)self)->seen);
    return 0;
}

static int
query_log_clear(PyObject *self)
{
    Py_CLEAR(((QueryLog *)self)->log);
    Py_CLEAR(((QueryLog *)self)->numbers);
    Py_CLEAR(((QueryLog *)self)->seen);
    return 0;
}

static void
query_log_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    query_log_clear(self);
    Py_TYPE(self)->tp_free(self);
}

/* Whether to hash a parameter runs no code of the user's, or -1. */
static int
can_be_hashed(PyObject *parameter)
{
    if (parameter == Py_None || PyUnicode_CheckExact(parameter) || PyLong_CheckExact(parameter) ||
        PyFloat_CheckExact(parameter) || PyBool_Check(parameter) || PyBytes_CheckExact(parameter)) {
        return 1;
    }
    PyObject *type = PyLong_FromVoidPtr(Py_TYPE(parameter));
    int is_plain = type == NULL ? -1 : PySet_Contains(given.plain, type);
    Py_XDECREF(type);
    if (is_plain != 0) {
        return is_plain;
    }
    PyObject *answer = PyObject_CallOneArg(given.is_plain_time, parameter);
    is_plain = answer == NULL ? -1 : PyObject_IsTrue(answer);
    Py_XDECREF(answer);
    return is_plain;
}

/* Add one to a hash, as Python's tuples do it (xxHash): 1, 0 where that might run the user's code, or -1. */
static int
add_to_hash(uint64_t *all, PyObject *parameter)
{
    Py_hash_t hash = -1;
    /* A decimal's own hash takes five times as long, and that of -1 is that of -2 too. */
    int by_text = Py_IS_TYPE(parameter, (PyTypeObject *)given.decimal);
    if (!by_text) {
        int can_be = can_be_hashed(parameter);
        if (can_be != 1) {
            return can_be;
        }
        hash = PyObject_Hash(parameter);
        by_text = hash == -2;
    }
    if (by_text) {
        PyObject *text = PyObject_Str(parameter);
        hash = text == NULL ? -1 : PyObject_Hash(text);
        Py_XDECREF(text);
    }
    *all += (uint64_t)hash * UINT64_C(14029467366897019727);
    *all = (*all << 31 | *all >> 33) * UINT64_C(11400714785074694791);
    return hash == -1 ? -1 : 1;
}

/* The hash of a query: 1, 0 where finding it might run the user's code, or -1. */
static int
hash_of(PyObject *statement, PyObject *parameters, uint64_t *hash)
{
    PyObject *all = NULL;
    *hash = UINT64_C(2870177450012600261);
    int can_be = add_to_hash(hash, statement);
    if (can_be != 1 || parameters == Py_None) {
        return can_be;
    }
    if (PyTuple_CheckExact(parameters) || PyList_CheckExact(parameters)) {
        all = Py_NewRef(parameters);
    }
    else if (PyDict_CheckExact(parameters)) {
        PyObject *keys = PyDict_Keys(parameters), *values = PyDict_Values(parameters);
        all = keys == NULL || values == NULL ? NULL : PySequence_InPlaceConcat(keys, values);
        Py_XDECREF(keys);
        Py_XDECREF(values);
    }
    else {
        return 0;
    }
    for (Py_ssize_t at = 0; all != NULL && can_be == 1 && at < PySequence_Fast_GET_SIZE(all); at++) {
        PyObject *parameter = Py_NewRef(PySequence_Fast_GET_ITEM(all, at)); /* a list may be another's too */
        can_be = add_to_hash(hash, parameter);
        Py_DECREF(parameter);
    }
    can_be = all == NULL ? -1 : can_be;
    Py_XDECREF(all);
    return can_be;
}

static SELDOM PyObject *
learn_statement(QueryLog *self, PyObject *text, PyObject *alias)
{
    return PyErr_Occurred()
               ? NULL
               : PyObject_CallMethodObjArgs((PyObject *)self, names.statement_of, text, alias, NULL);
}

/* The statement's number and whether to make it again is worth telling, as a new reference to a pair. */
static PyObject *
statement_of(QueryLog *self, PyObject *text, PyObject *alias)
{
    PyObject *known = NULL;
    if (PyUnicode_CheckExact(text)) {
        PyObject *key = PyTuple_Pack(2, text, alias);
        known = key == NULL ? NULL : Py_XNewRef(PyDict_GetItemWithError(self->numbers, key));
        Py_XDECREF(key);
    }
    if (known == NULL) {
        known = learn_statement(self, text, alias);
    }
    if (known != NULL && !(PyTuple_CheckExact(known) && PyTuple_GET_SIZE(known) == 2)) {
        Py_CLEAR(known);
        is_unusable("log of queries");
    }
    return known;
}

/* The number for equal parameters of a statement, or NOTHING where nobody can tell. */
static int
number_of_parameters(QueryLog *self, PyObject *statement, PyObject *parameters, int64_t *number)
{
    uint64_t hash;
    *number = NOTHING;
    int can_be = hash_of(statement, parameters, &hash);
    if (can_be <= 0) {
        return can_be;
    }
    PyObject *key = PyLong_FromUnsignedLongLong(hash);
    PyObject *seen = key == NULL ? NULL : Py_XNewRef(PyDict_GetItemWithError(self->seen, key));
    if (seen == NULL && !PyErr_Occurred()) {
        seen = PyLong_FromSsize_t(PyDict_GET_SIZE(self->seen));
        if (seen != NULL && PyDict_SetItem(self->seen, key, seen) < 0) {
            Py_CLEAR(seen);
        }
    }
    *number = seen == NULL ? NOTHING : PyLong_AsLongLong(seen);
    Py_XDECREF(key);
    Py_XDECREF(seen);
    return seen == NULL ? -1 : 0;
}

/* Keep a query: 1, 0 where there is no room for it, or -1. */
static int
add(QueryLog *self, PyObject *alias, PyObject *text, PyObject *parameters, int many, int64_t span,
    int64_t start, int64_t end)
{
    if (PyByteArray_GET_SIZE(self->log) >= self->room) {
        return 0;
    }
    PyObject *known = statement_of(self, text, alias);
    if (known == NULL) {
        return -1;
    }
    PyObject *statement = PyTuple_GET_ITEM(known, 0);
    int64_t row[5] = {span, PyLong_AsLongLong(statement), NOTHING, start, end};
    int result = PyErr_Occurred() ? -1 : 0;
    if (result == 0 && !many && PyTuple_GET_ITEM(known, 1) == Py_True) {
        result = number_of_parameters(self, statement, parameters, &row[2]);
    }
    Py_DECREF(known);
    return result < 0 || extend(self->log, row, 5) < 0 ? -1 : 1;
}

PyDoc_STRVAR(add_doc, "add($self, alias, sql, parameters, many, span, start, end, /)\n--\n\n"
                      "Keep a query, or return False where there is no room for it.");

static PyObject *
query_log_add(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 7) {
        return PyErr_Format(PyExc_TypeError, "add() takes 7 arguments, got %zd", nargs);
    }
    int many = PyObject_IsTrue(args[3]);
    int64_t times[3];
    for (int at = 0; at < 3; at++) {
        times[at] = many < 0 ? -1 : PyLong_AsLongLong(args[4 + at]);
        many = times[at] == -1 && PyErr_Occurred() ? -1 : many;
    }
    int added =
        many < 0 ? -1 : add((QueryLog *)self, args[0], args[1], args[2], many, times[0], times[1], times[2]);
    return added < 0 ? NULL : PyBool_FromLong(added);
}

static PyMethodDef query_log_methods[] = {
    {"add", (PyCFunction)(void (*)(void))query_log_add, METH_FASTCALL, add_doc},
    {0},
};

static PyMemberDef query_log_members[] = {
    {"log", T_OBJECT_EX, offsetof(QueryLog, log), READONLY, NULL},
    {"numbers", T_OBJECT_EX, offsetof(QueryLog, numbers), READONLY, NULL},
    {"seen", T_OBJECT_EX, offsetof(QueryLog, seen), READONLY, NULL},
    {"room", T_LONGLONG, offsetof(QueryLog, room), 0, NULL},
    {0},
};

PyTypeObject QueryLogType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "signal_panel.speedups.compiled.QueryLog",
    .tp_basicsize = sizeof(QueryLog),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = query_log_new,
    .tp_dealloc = query_log_dealloc,
    .tp_traverse = query_log_traverse,
    .tp_clear = query_log_clear,
    .tp_methods = query_log_methods,
    .tp_members = query_log_members,
};

/* One of the arguments of CursorWrapper._execute_with_wrappers(self, sql, params, many, executor), borrowed.
 */
static inline PyObject *
argument(PyObject *const *args, Py_ssize_t nargs, PyObject *keywords, Py_ssize_t place, PyObject *name)
{
    if (place < nargs) {
        return args[place];
    }
    for (Py_ssize_t at = 0; keywords != NULL && at < PyTuple_GET_SIZE(keywords); at++) {
        PyObject *keyword = PyTuple_GET_ITEM(keywords, at);
        if (keyword == name || PyUnicode_Compare(keyword, name) == 0) {
            return args[nargs + at];
        }
    }
    return Py_None;
}

/* Where there is no room for a query. */
static SELDOM void
count_only(Recorder *recorder, int64_t span, int64_t took)
{
    PyObject *overflow = PyObject_GetAttrString((PyObject *)recorder, "overflow"), *counted = NULL;
    if (overflow != NULL) {
        counted = PyObject_CallMethod(overflow, "add_query", "LL", (long long)span, (long long)took);
    }
    Py_XDECREF(overflow);
    Py_XDECREF(counted);
}

/* Collector.executed. */
static int
keep_query(Recorder *recorder, PyObject *cursor, PyObject *sql, PyObject *params, PyObject *many,
           int64_t span, int64_t start)
{
    int64_t end;
    int is_many = PyObject_IsTrue(many), added = -1;
    PyObject *database = is_many < 0 ? NULL : PyObject_GetAttr(cursor, names.db);
    PyObject *alias = database == NULL ? NULL : PyObject_GetAttr(database, names.alias);
    if (alias != NULL && read_clock(recorder, &end) == 0 && !recorder->closed) {
        PyObject *queries = Py_XNewRef(recorder->queries);
        if (queries == NULL || !is_instance(queries, &QueryLogType)) {
            is_unusable("log of queries");
        }
        else {
            added = add((QueryLog *)queries, alias, sql, params, is_many, span, start, end);
        }
        Py_XDECREF(queries);
    }
    if (added == 0) {
        count_only(recorder, span, end - start);
    }
    Py_XDECREF(database);
    Py_XDECREF(alias);
    return PyErr_Occurred() ? note_failure(recorder) : 0;
}

/* What stands for CursorWrapper._execute_with_wrappers; found is what stood there. */
static PyObject *
execute(PyObject *method, PyObject *const *args, size_t nargsf, PyObject *keywords)
{
    PyObject *found = ((Method *)method)->with, *place;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    if (PyContextVar_Get(given.current, NULL, &place) < 0) {
        return NULL;
    }
    Recorder *recorder = NULL;
    int64_t start, span = 0;
    if (Py_IS_TYPE(place, &PlaceType) && is_instance(((Place *)place)->collector, &RecorderType)) {
        recorder = (Recorder *)Py_NewRef(((Place *)place)->collector);
        span = ((Place *)place)->number; /* it may be another when the query is over */
    }
    Py_DECREF(place);
    if (recorder == NULL || recorder->closed) {
        Py_XDECREF(recorder);
        return PyObject_Vectorcall(found, args, nargs, keywords);
    }
    PyObject *result = NULL;
    if (read_clock(recorder, &start) == 0) {
        result = PyObject_Vectorcall(found, args, nargs, keywords);
        PyObject *exception = result == NULL ? take_exception() : NULL;
        PyObject *sql = argument(args, nargs, keywords, 1, names.sql);
        PyObject *params = argument(args, nargs, keywords, 2, names.params);
        PyObject *many = argument(args, nargs, keywords, 3, names.many);
        if (nargs > 0 && keep_query(recorder, args[0], sql, params, many, span, start) < 0) {
            Py_CLEAR(result);
            Py_CLEAR(exception);
        }
        if (exception != NULL) {
            raise_again(exception);
        }
    }
    Py_DECREF(recorder);
    return result;
}

PyObject *
executing(PyObject *Py_UNUSED(module), PyObject *found)
{
    return make_method("_execute_with_wrappers", "($self, sql, params, many, executor)", execute, found);
}
