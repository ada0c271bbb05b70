/* The calling thread's explanation, which Swift has no storage for; not part of what is installed. */
#ifndef BALLAST_EXPLANATION_H
#define BALLAST_EXPLANATION_H

#include <stddef.h>
#include <stdint.h>

/* Keeps the first bytes of `text` as the calling thread's explanation. */
void keep_explanation(const char *text, size_t length);

#endif
