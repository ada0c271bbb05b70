/* Ballast: an adaptive load balancer for mixture-of-experts inference, as a C library.
 *
 * Every function returns a status; anything but BALLAST_OK leaves its outputs and the library's state as they were, unless its
 * comment says otherwise, and `ballast_explanation` then says why, with the value, the limit and the fix. No exception, trap
 * or abort crosses this boundary.
 *
 * Handles are numbers that are checked, never addresses: 0 is no handle, and one whose object is gone, or that names an object
 * of another kind, gives BALLAST_STALE_HANDLE. Structures begin with `size`, which the caller sets to sizeof of the structure
 * as it was compiled; a smaller known size is accepted, an unknown one is refused. Reserved members must be 0. Elements of
 * arrays (devices, replicas, runs, device memories) carry no size and stay as they are for all of version 1. Pointers are
 * trusted for as many elements as the call states, and checked for null and alignment.
 *
 * Threads: "any" means that any number of threads may call at once; "lane" that one thread at a time may use the lane, which
 * is checked (BALLAST_LANE_BUSY). Destroying an object while another thread uses it is safe: the object goes with the last use.
 *
 * Names: docs/glossary.md. How to embed: docs/embedding.md.
 */
#ifndef BALLAST_H
#define BALLAST_H

#define BALLAST_VERSION_MAJOR 1
#define BALLAST_VERSION_MINOR 1
#define BALLAST_VERSION_PATCH 0

#include "ballast/types.h"

#include "ballast/balancer.h"
#include "ballast/lane.h"
#include "ballast/control.h"
#include "ballast/statistics.h"
#include "ballast/load.h"
#include "ballast/plan.h"
#include "ballast/executor.h"
#include "ballast/operation.h"
#include "ballast/learned.h"
#include "ballast/replay.h"

#endif
