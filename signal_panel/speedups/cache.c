/* IdentityCache: finds numbers for what is known by its identity. */

#include "compiled.h"

typedef struct {
    uintptr_t of[4];
    int64_t number;
    int is_used;
    Trail trail; /* of length 0 where the number is that of the four alone */
} Entry;

struct identity_cache {
    PyObject_HEAD
    Entry *entries;
    size_t size; /* a power of two */
    size_t used;
};

static Entry *
cache_entry(Entry *entries, size_t size, const uintptr_t of[4])
{
    /* What objects differ by is in the middle of their addresses; a product moves it up. */
    uint64_t hash = of[0];
    for (int part = 1; part < 4; part++) {
        hash = (hash ^ hash >> 32) * UINT64_C(0x9E3779B97F4A7C15) + of[part];
    }
    hash *= UINT64_C(0x9E3779B97F4A7C15);
    size_t place = (size_t)(hash >> 32) & (size - 1);
    while (entries[place].is_used && memcmp(entries[place].of, of, sizeof entries->of) != 0) {
        place = (place + 1) & (size - 1);
    }
    return &entries[place];
}

int
cache_find(IdentityCache *self, const uintptr_t of[4], int64_t *number)
{
    Entry *entry = cache_entry(self->entries, self->size, of);
    int is_found = entry->is_used && entry->trail.length == 0;
    if (is_found) {
        *number = entry->number;
    }
    return is_found;
}

/* The same of a send: also where the frames above are those that were climbed the last time. */
int
cache_follow(IdentityCache *self, const uintptr_t of[4], PyFrameObject *innermost, int64_t *number)
{
    /* A copy: to climb makes objects, so that the garbage collector may come, and have the cache cleared. */
    const Entry entry = *cache_entry(self->entries, self->size, of);
    if (!entry.is_used) {
        return 0;
    }
    int are_same = 1;
    if (entry.trail.length > 0) {
        PyFrameObject *climber = (PyFrameObject *)Py_NewRef(innermost);
        for (int step = 1; are_same && step <= entry.trail.length; step++) {
            Py_SETREF(climber, PyFrame_GetBack(climber));
            PyCodeObject *code = climber == NULL ? NULL : PyFrame_GetCode(climber);
            are_same = code != NULL && code == entry.trail.codes[step];
            Py_XDECREF(code);
        }
        are_same = are_same && PyFrame_GetLasti(climber) == entry.trail.instruction;
        Py_XDECREF(climber);
    }
    if (are_same) {
        *number = entry.number;
    }
    return are_same;
}

/* The entry to fill, or NULL where there is no memory: what it is for is found elsewhere, if not as fast. */
static Entry *
cache_entry_for(IdentityCache *self, const uintptr_t of[4])
{
    if (3 * self->used >= 2 * self->size) {
        Entry *entries = PyMem_Calloc(2 * self->size, sizeof(Entry));
        if (entries == NULL) {
            return NULL;
        }
        for (size_t place = 0; place < self->size; place++) {
            if (self->entries[place].is_used) {
                *cache_entry(entries, 2 * self->size, self->entries[place].of) = self->entries[place];
            }
        }
        PyMem_Free(self->entries);
        self->entries = entries;
        self->size *= 2;
    }
    Entry *entry = cache_entry(self->entries, self->size, of);
    self->used += !entry->is_used;
    memcpy(entry->of, of, sizeof entry->of);
    entry->is_used = 1;
    return entry;
}

void
cache_add(IdentityCache *self, const uintptr_t of[4], int64_t number)
{
    Entry *entry = cache_entry_for(self, of);
    if (entry != NULL) {
        entry->number = number;
    }
}

static void
forget_trail(Trail trail)
{
    for (int step = 0; step < trail.length; step++) {
        Py_DECREF(trail.codes[step]);
    }
}

/* The line's own code is one of those that the cache is cleared for when they die. The others are kept, so
   that nothing else gets their identity. */
void
cache_add_trail(IdentityCache *self, const uintptr_t of[4], const Trail *trail, int64_t number)
{
    Entry *entry = cache_entry_for(self, of);
    if (entry != NULL) {
        Trail before = entry->trail;
        entry->number = number;
        entry->trail = *trail;
        for (int step = 0; step < trail->length; step++) {
            Py_INCREF(trail->codes[step]);
        }
        forget_trail(before);
    }
}

static PyObject *
cache_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    IdentityCache *self = (IdentityCache *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->size = 64;
        self->entries = PyMem_Calloc(self->size, sizeof(Entry));
        if (self->entries == NULL) {
            Py_DECREF(self);
            return PyErr_NoMemory();
        }
    }
    return (PyObject *)self;
}

static void
forget_entries(Entry *entries, size_t size)
{
    for (size_t place = 0; place < size; place++) {
        forget_trail(entries[place].trail);
    }
    PyMem_Free(entries);
}

static void
cache_dealloc(PyObject *self)
{
    IdentityCache *cache = (IdentityCache *)self;
    if (cache->entries != NULL) {
        forget_entries(cache->entries, cache->size);
    }
    Py_TYPE(self)->tp_free(self);
}

static PyObject *
cache_clear(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    IdentityCache *cache = (IdentityCache *)self;
    if (cache->used) {
        Entry *entries = cache->entries, *none = PyMem_Calloc(cache->size, sizeof(Entry));
        cache->used = 0;
        if (none == NULL) { /* then what they kept is never freed */
            memset(entries, 0, cache->size * sizeof(Entry));
        }
        else {
            cache->entries = none;
            forget_entries(entries, cache->size); /* last: it may have somebody clear this one again */
        }
    }
    Py_RETURN_NONE;
}

static PyMethodDef cache_methods[] = {
    {"clear", cache_clear, METH_NOARGS, PyDoc_STR("Forget all of them.")},
    {0},
};

PyTypeObject IdentityCacheType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "signal_panel.speedups.compiled.IdentityCache",
    .tp_basicsize = sizeof(IdentityCache),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = cache_new,
    .tp_dealloc = cache_dealloc,
    .tp_methods = cache_methods,
};
