#pragma once
#include <stddef.h>
#include <stdint.h>

// Memory of one device, apart from that of the process: jemalloc's, where the process has it, by an arena of its own; pages
// from the system otherwise. The process's own `malloc` is never replaced. Freed memory is kept for the next block, since
// touching fresh pages is slow. Safe from several threads at once.

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ballast_arena ballast_arena;

/// Opens an arena; null and a code of the system when there is none to be had.
ballast_arena *ballast_arena_open(int32_t *code);

/// Gives everything back; no block may be in use.
void ballast_arena_close(ballast_arena *arena);

/// A block of `bytes`, above 0, on a cache line or, when it is that large, on a huge page; null when there is no memory.
void *ballast_arena_allocate(ballast_arena *arena, size_t bytes);

/// Gives back a block of `bytes`.
void ballast_arena_free(ballast_arena *arena, void *block, size_t bytes);

/// Bytes of memory the arena holds.
size_t ballast_arena_resident(ballast_arena *arena);

/// Whether arenas are jemalloc's.
int ballast_arena_uses_jemalloc(void);

#ifdef __cplusplus
}
#endif
