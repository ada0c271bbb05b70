#include "ballast.h"
#include "explanation.h"

#include <string.h>

static _Thread_local char explanation[1024];

void keep_explanation(const char *text, size_t length) {
  if (length >= sizeof explanation) {
    length = sizeof explanation - 1;
    /* Not in the middle of a character. */
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) length--;
  }
  memcpy(explanation, text, length);
  explanation[length] = 0;
}

const char *ballast_explanation(void) { return explanation; }

#define TEXT(number) #number
#define VERSION(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const char *ballast_version(void) {
  return VERSION(BALLAST_VERSION_MAJOR, BALLAST_VERSION_MINOR, BALLAST_VERSION_PATCH);
}
