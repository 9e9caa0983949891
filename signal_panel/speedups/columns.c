/* The columns of a recording's spans, from those of a log: what freezing does for each of them. */

#include "compiled.h"

#define NOTHING (-1) /* as in recording/columns.py */
#define OUTSIDE (-2) /* as in pure.py */
#define MEMO 64

/* An array of Python's that was made here: nobody else has it yet. */
typedef struct {
    PyObject *array;
    Py_buffer view;
    int64_t *at;
} Column;

static int
make_column(Column *column, Py_ssize_t length)
{
    column->array = PySequence_Repeat(found.column, length);
    if (column->array == NULL || PyObject_GetBuffer(column->array, &column->view, PyBUF_WRITABLE) < 0) {
        Py_CLEAR(column->array);
        return -1;
    }
    column->at = column->view.buf;
    return 0;
}

/* The three as a tuple, or NULL where not all could be made and filled. */
static PyObject *
give(Column columns[3], int are_whole)
{
    for (int at = 0; at < 3; at++) {
        if (columns[at].array != NULL) {
            PyBuffer_Release(&columns[at].view);
        }
    }
    PyObject *result =
        are_whole ? PyTuple_Pack(3, columns[0].array, columns[1].array, columns[2].array) : NULL;
    for (int at = 0; at < 3; at++) {
        Py_XDECREF(columns[at].array);
    }
    return result;
}

/* What Python has for an integer, as an integer. */
static int
look_up(PyObject *numbers, int64_t number, int64_t *result)
{
    PyObject *key = PyLong_FromLongLong(number);
    PyObject *value = key == NULL ? NULL : PyObject_GetItem(numbers, key);
    *result = value == NULL ? -1 : PyLong_AsLongLong(value);
    Py_XDECREF(key);
    Py_XDECREF(value);
    return *result == -1 && PyErr_Occurred() ? -1 : 0;
}

/* What was looked up last: most spans are of few kinds. */
typedef struct {
    int64_t numbers[MEMO], results[MEMO];
    char are_known[MEMO];
} Memo;

static inline int
remember(Memo *memo, PyObject *numbers, int64_t number, int64_t *result)
{
    size_t at = (uint64_t)number % MEMO;
    if (!memo->are_known[at] || memo->numbers[at] != number) {
        if (look_up(numbers, number, &memo->results[at]) < 0) {
            return -1;
        }
        memo->numbers[at] = number;
        memo->are_known[at] = 1;
    }
    *result = memo->results[at];
    return 0;
}

static inline int
is_before(int64_t one, int64_t other, const int64_t *starts, const int64_t *sends)
{
    return starts[one] < starts[other] || (starts[one] == starts[other] && sends[one] < sends[other]);
}

/* Sort rows by start, and where two are equal by the send, whose number is lower in the parent. A log is
   nearly in order already: of two halves only what overlaps is moved. */
static void
sort(int64_t *rows, Py_ssize_t count, int64_t *scratch, const int64_t *starts, const int64_t *sends)
{
    if (count < 2) {
        return;
    }
    Py_ssize_t half = count / 2, from = half, next = 0, other = half;
    sort(rows, half, scratch, starts, sends);
    sort(rows + half, count - half, scratch, starts, sends);
    while (from > 0 && is_before(rows[half], rows[from - 1], starts, sends)) {
        from--;
    }
    Py_ssize_t moved = half - from;
    memcpy(scratch, rows + from, moved * sizeof *rows);
    while (next < moved) {
        int is_others = other < count && is_before(rows[other], scratch[next], starts, sends);
        rows[from++] = is_others ? rows[other++] : scratch[next++];
    }
}

/* The rows of all spans' parents; count for the scope itself, and count + 1 for what is nowhere. */
static int
find_parents(int64_t *above, const int64_t *parents, Py_ssize_t count, PyObject *by_number)
{
    for (Py_ssize_t row = 0; row < count; row++) {
        if (row > 0 && parents[row] == parents[row - 1]) { /* as of all calls of a send but the first */
            above[row] = above[row - 1];
        }
        else if (look_up(by_number, parents[row], &above[row]) < 0) {
            return -1;
        }
        else if (above[row] < 0 || above[row] > count) {
            above[row] = count + 1;
        }
    }
    return 0;
}

/* Fill in the places; move the rows that have one to the front, and give how many they are. */
static Py_ssize_t
find_places(int64_t *places, int64_t *rows, const int64_t *above, Py_ssize_t count)
{
    Py_ssize_t placed = 0;
    for (Py_ssize_t row = 0; row < count + 2; row++) {
        places[row] = row == count ? NOTHING : OUTSIDE;
    }
    for (Py_ssize_t at = 0; at < count; at++) {
        if (places[above[rows[at]]] != OUTSIDE) {
            places[rows[at]] = placed;
            rows[placed++] = rows[at];
        }
    }
    return placed;
}

PyObject *
place_spans(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer sends, parents, starts;
    PyObject *by_number;
    if (!PyArg_ParseTuple(args, "y*y*y*O:place_spans", &sends, &parents, &starts, &by_number)) {
        return NULL;
    }
    Py_ssize_t count = starts.len / sizeof(int64_t);
    int64_t *scratch = PyMem_New(int64_t, 2 * count);
    int64_t *above = scratch, *rows = scratch + count;
    Column columns[3] = {0}; /* rows, places, parents */
    int are_whole = 0;
    if (scratch == NULL) {
        PyErr_NoMemory();
    }
    else if (sends.len != starts.len || parents.len != starts.len) {
        PyErr_SetString(PyExc_ValueError, "these columns differ in length");
    }
    else if (find_parents(above, parents.buf, count, by_number) == 0 &&
             make_column(&columns[1], count + 2) == 0) {
        int64_t *places = columns[1].at;
        for (Py_ssize_t row = 0; row < count; row++) {
            rows[row] = row;
        }
        sort(rows, count, places, starts.buf, sends.buf);
        Py_ssize_t placed = find_places(places, rows, above, count);
        if (make_column(&columns[0], placed) == 0 && make_column(&columns[2], placed) == 0) {
            for (Py_ssize_t at = 0; at < placed; at++) {
                columns[0].at[at] = rows[at];
                columns[2].at[at] = places[above[rows[at]]];
            }
            are_whole = 1;
        }
    }
    PyMem_Free(scratch);
    PyBuffer_Release(&sends);
    PyBuffer_Release(&parents);
    PyBuffer_Release(&starts);
    return give(columns, are_whole);
}

PyObject *
take_spans(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer rows, starts, ends, kinds;
    long long began;
    PyObject *numbers;
    if (!PyArg_ParseTuple(args, "y*y*y*y*LO:take_spans", &rows, &starts, &ends, &kinds, &began, &numbers)) {
        return NULL;
    }
    Py_ssize_t count = rows.len / sizeof(int64_t), all = starts.len / sizeof(int64_t);
    const int64_t *row = rows.buf, *start = starts.buf, *end = ends.buf, *kind = kinds.buf;
    Memo memo = {0};
    Column columns[3] = {0}; /* starts, times, kinds */
    int result = make_column(&columns[0], count) < 0 || make_column(&columns[1], count) < 0 ||
                         make_column(&columns[2], count) < 0
                     ? -1
                     : 0;
    if (result == 0 && (ends.len != starts.len || kinds.len != starts.len)) {
        PyErr_SetString(PyExc_ValueError, "these columns differ in length");
        result = -1;
    }
    for (Py_ssize_t at = 0; result == 0 && at < count; at++) {
        if (row[at] < 0 || row[at] >= all) {
            PyErr_SetString(PyExc_IndexError, "no such row");
            result = -1;
        }
        else {
            columns[0].at[at] = start[row[at]] - began;
            columns[1].at[at] = end[row[at]] - start[row[at]];
            result = remember(&memo, numbers, kind[row[at]], &columns[2].at[at]);
        }
    }
    PyBuffer_Release(&rows);
    PyBuffer_Release(&starts);
    PyBuffer_Release(&ends);
    PyBuffer_Release(&kinds);
    return give(columns, result == 0);
}
