#define _GNU_SOURCE
#include "ballast_arena.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { LINE = 64, HUGE_PAGE = 1 << 21, PAGE = 4096 };

// jemalloc's own functions, which leave `malloc` alone. They are looked up rather than linked: a library that links
// jemalloc makes it the allocator of every process that loads the library.
static struct {
  void *(*allocate)(size_t bytes, int flags);
  void (*release)(void *block, int flags);
  int (*control)(const char *name, void *old, size_t *old_length, void *next, size_t next_length);
} jemalloc;

static pthread_once_t looked_up = PTHREAD_ONCE_INIT;

static int find(void *library) {
  *(void **)&jemalloc.allocate = dlsym(library, "mallocx");
  *(void **)&jemalloc.release = dlsym(library, "dallocx");
  *(void **)&jemalloc.control = dlsym(library, "mallctl");
  return jemalloc.allocate && jemalloc.release && jemalloc.control;
}

static void look_up(void) {
  if (find(RTLD_DEFAULT)) return;
  void *library = dlopen("libjemalloc.so.2", RTLD_NOW | RTLD_LOCAL);
  if (library && find(library)) return;
  jemalloc.allocate = 0;
}

int ballast_arena_uses_jemalloc(void) {
  pthread_once(&looked_up, look_up);
  return jemalloc.allocate != 0;
}

// A freed block of pages, in the block itself.
struct spare {
  struct spare *next;
  size_t bytes;
};

struct ballast_arena {
  // Pages: freed blocks are kept by size, for experts of one precision are all equally large.
  pthread_mutex_t lock;
  struct spare *spares;
  size_t mapped;
  // jemalloc.
  unsigned index;
};

static int open_jemalloc(ballast_arena *arena) {
  size_t length = sizeof arena->index;
  int code = jemalloc.control("arenas.create", &arena->index, &length, 0, 0);
  if (code) return code;
  const char *names[] = {"dirty_decay_ms", "muzzy_decay_ms"};
  for (int name = 0; name < 2; name++) {
    char text[64];
    ssize_t never = -1;
    snprintf(text, sizeof text, "arena.%u.%s", arena->index, names[name]);
    jemalloc.control(text, 0, 0, &never, sizeof never);
  }
  return 0;
}

ballast_arena *ballast_arena_open(int32_t *code) {
  ballast_arena *arena = calloc(1, sizeof *arena);
  *code = arena ? 0 : ENOMEM;
  if (!arena) return 0;
  if (ballast_arena_uses_jemalloc() && (*code = open_jemalloc(arena))) {
    free(arena);
    return 0;
  }
  pthread_mutex_init(&arena->lock, 0);
  return arena;
}

void ballast_arena_close(ballast_arena *arena) {
  if (jemalloc.allocate) {
    char text[64];
    snprintf(text, sizeof text, "arena.%u.destroy", arena->index);
    jemalloc.control(text, 0, 0, 0, 0);
  }
  while (arena->spares) {
    struct spare *spare = arena->spares;
    arena->spares = spare->next;
    munmap(spare, spare->bytes);
  }
  pthread_mutex_destroy(&arena->lock);
  free(arena);
}

static size_t alignment(size_t bytes) { return bytes >= HUGE_PAGE ? HUGE_PAGE : LINE; }

// jemalloc's bit fields: alignment, no thread cache, this arena.
static int flags(const ballast_arena *arena, size_t bytes) {
  return __builtin_ctzl(alignment(bytes)) | 1 << 8 | (int)((arena->index + 1) << 20);
}

// Pages on a boundary: more are mapped than needed, and what is over is given back.
static void *map(size_t bytes, size_t boundary) {
  if (bytes > SIZE_MAX - boundary) return 0;
  char *start = mmap(0, bytes + boundary, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return 0;
  size_t before = (boundary - (uintptr_t)start % boundary) % boundary;
  if (before) munmap(start, before);
  munmap(start + before + bytes, boundary - before);
  return start + before;
}

static size_t rounded(size_t bytes) { return bytes > SIZE_MAX - PAGE ? 0 : (bytes + PAGE - 1) / PAGE * PAGE; }

static void *allocate_pages(ballast_arena *arena, size_t bytes) {
  size_t size = rounded(bytes);
  if (!size) return 0;
  void *block = 0;
  pthread_mutex_lock(&arena->lock);
  for (struct spare **place = &arena->spares; *place; place = &(*place)->next) {
    if ((*place)->bytes != size) continue;
    block = *place;
    *place = (*place)->next;
    break;
  }
  if (!block && (block = map(size, size >= HUGE_PAGE ? HUGE_PAGE : PAGE))) arena->mapped += size;
  pthread_mutex_unlock(&arena->lock);
  return block;
}

void *ballast_arena_allocate(ballast_arena *arena, size_t bytes) {
  void *block = jemalloc.allocate ? jemalloc.allocate(bytes, flags(arena, bytes)) : allocate_pages(arena, bytes);
  // Advice that is not taken changes nothing.
  if (block && bytes >= HUGE_PAGE) madvise(block, bytes, MADV_HUGEPAGE);
  return block;
}

void ballast_arena_free(ballast_arena *arena, void *block, size_t bytes) {
  if (jemalloc.allocate) {
    jemalloc.release(block, flags(arena, bytes));
    return;
  }
  struct spare *spare = block;
  pthread_mutex_lock(&arena->lock);
  spare->bytes = rounded(bytes);
  spare->next = arena->spares;
  arena->spares = spare;
  pthread_mutex_unlock(&arena->lock);
}

size_t ballast_arena_resident(ballast_arena *arena) {
  if (!jemalloc.allocate) {
    pthread_mutex_lock(&arena->lock);
    size_t mapped = arena->mapped;
    pthread_mutex_unlock(&arena->lock);
    return mapped;
  }
  uint64_t epoch = 1;
  size_t resident = 0, length = sizeof resident;
  char text[64];
  jemalloc.control("epoch", 0, 0, &epoch, sizeof epoch);
  snprintf(text, sizeof text, "stats.arenas.%u.resident", arena->index);
  jemalloc.control(text, &resident, &length, 0, 0);
  return resident;
}
