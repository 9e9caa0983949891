/* IdentityCache: finds numbers for what is known by its identity. */

#include "compiled.h"

typedef struct {
    uintptr_t of[4];
    int64_t number;
    int is_used;
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
    if (entry->is_used) {
        *number = entry->number;
    }
    return entry->is_used;
}

void
cache_add(IdentityCache *self, const uintptr_t of[4], int64_t number)
{
    if (3 * self->used >= 2 * self->size) {
        Entry *entries = PyMem_Calloc(2 * self->size, sizeof(Entry));
        if (entries == NULL) {
            return; /* it is found elsewhere, if not as fast */
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
    entry->number = number;
    entry->is_used = 1;
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
cache_dealloc(PyObject *self)
{
    PyMem_Free(((IdentityCache *)self)->entries);
    Py_TYPE(self)->tp_free(self);
}

static PyObject *
cache_clear(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    IdentityCache *cache = (IdentityCache *)self;
    if (cache->used) {
        memset(cache->entries, 0, cache->size * sizeof(Entry));
        cache->used = 0;
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
