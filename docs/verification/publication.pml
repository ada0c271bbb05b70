/* Publication: lanes read tables and replicas while a rollout replaces and frees them.

   Labels name the steps of the code; README.md lists both, and says why one replica stands for all.
   A step touches what is shared once, so every interleaving of the sequentially consistent steps is explored.
   A -D with a mutant's name, of those in README.md, breaks one rule; the checker must then find an error. */

#ifndef LANES
#define LANES 3
#endif
#ifndef PLANS
#define PLANS 3                 /* plans published; any number of others fail between them */
#endif
#ifndef REPLICAS
#define REPLICAS 1              /* handles watched, a bit each; free again once the replica is retired */
#endif
#define EVERY ((1 << REPLICAS) - 1)
#define IDLE 0
#define NOBODY 255

/* Published: table n is the one published at generation n. */
byte address;
byte generation;
byte slot[LANES];               /* IDLE, or the announced generation + 1 */
bool freed[PLANS + 1];
byte names[PLANS + 1];          /* the replicas table n names */

/* The executor, and Rollout. */
byte staged;                    /* replicas whose weights are there */
byte leaving[PLANS + 1];        /* replicas no table names from generation n on, not yet retired */
bool waiting;                   /* a replaced table or a leaving replica is still there */

/* No table names an unstaged replica; least of all the current one. */
inline namedAreStaged() {
  assert((names[address] & ~staged) == 0)
}

/* A lane may read from loading to leaving. Reading at the last moment is the worst, so the model reads then. */
inline read() {
  assert(!freed[held]);
  assert((names[held] & ~staged) == 0);
  held = 0
}

/* Lane.serve, by Published.withCurrent: batch after batch, until the lane is dropped between two. */
proctype Lane(byte row) {
  byte seen, held;
  do
  :: seen = generation;
again:
#ifdef LOAD_BEFORE_ANNOUNCING
     held = address;
#endif
announce:
#ifdef NO_ANNOUNCEMENT
     seen = 0;
#else
     atomic { slot[row] = seen + 1; seen = 0 };
#endif
load:
#ifndef LOAD_BEFORE_ANNOUNCING
     held = address;
#endif
#ifdef LEAVE_BEFORE_READING
     slot[row] = IDLE;
#endif
leave:
#ifdef NEVER_LEAVES
     atomic { read() }
#else
     if
     :: atomic { read(); slot[row] = IDLE }
#ifdef OVERTAKING
     :: atomic { read(); seen = generation };   /* leaving only releases: the next load may overtake it */
        slot[row] = IDLE;
        goto again
#endif
     fi
#endif
  :: break
  od
}

/* Rollout.retireUnreachable, once a tick. */
inline retireUnreachable() {
  oldest = NOBODY;
look:                                           /* Published.reclaim: slot after slot, not all at an instant */
  row = 0;
  do
  :: atomic {
       row < LANES ->
       if
       :: slot[row] != IDLE && slot[row] - 1 < oldest -> oldest = slot[row] - 1
       :: else
       fi;
       row++
     }
  :: else -> break
  od;
  row = 0;
free:                                           /* Published.reclaim: what was replaced at oldest or before */
  atomic {
    waiting = false;
    table = 0;
    do
    :: table < address ->
       if
#ifdef FREE_ONE_TOO_MANY
       :: table <= oldest -> freed[table] = true; names[table] = 0
#else
       :: table + 1 <= oldest -> freed[table] = true; names[table] = 0
#endif
       :: else -> waiting = true
       fi;
       table++
    :: else -> table = 0; break
    od
  };
retire:
  atomic {
    table = 1;
    do
    :: table <= PLANS ->
       if
       :: table <= oldest -> staged = staged & ~leaving[table]; leaving[table] = 0
       :: else
       fi;
#ifdef FORGET_WHAT_WAITS
       leaving[table] = 0;
#endif
       waiting = waiting || leaving[table] != 0;
       table++
    :: else -> table = 0; break
    od;
    oldest = 0;
    namedAreStaged()
  }
}

/* Chooses any of `among`, and none. */
inline choose(chosen, among) {
  replica = 1;
  do
  :: replica <= EVERY ->
     if
     :: (among) & replica -> chosen = chosen | replica
     :: true
     fi;
     replica = replica << 1
  :: else -> replica = 0; break
  od
}

/* Rollout.apply. Staging is one step, because no lane can see a replica before a table names it. */
inline apply() {
  before = address;
stage:
  atomic {
    choose(fresh, EVERY & ~staged);
    choose(removed, names[address]);
    staged = staged | fresh;
    if
    :: true
    :: goto abandon                             /* the next staging fails, or the table cannot be compiled */
    fi
  };
#ifdef PUBLISH_BEFORE_STAGED
  staged = staged & ~fresh;
#endif
#ifdef ADVANCE_BEFORE_STORING
  generation = before + 1;
#endif
store:                                          /* Published.replace */
  atomic {
    names[before + 1] = (names[before] & ~removed) | fresh;
    address = before + 1;
    waiting = true;
    namedAreStaged()
  };
#ifndef ADVANCE_BEFORE_STORING
advance:
  generation = before + 1;
#endif
#ifdef PUBLISH_BEFORE_STAGED
  staged = staged | fresh;
#endif
#ifdef FREE_WITHOUT_LOOKING
  freed[before] = true;
#endif
#ifdef RETIRE_WITHOUT_LOOKING
  atomic { staged = staged & ~removed; removed = 0 };
#endif
  atomic {
#ifdef LABEL_ONE_TOO_OLD
    leaving[before] = removed;
#else
    leaving[before + 1] = removed;
#endif
    goto applied
  };
abandon:
  atomic {
#ifdef PUBLISH_HALF
    names[before + 1] = names[before] | fresh; address = before + 1; generation = address; fresh = 0;
#endif
#ifndef KEEP_AFTER_FAILURE
    staged = staged & ~fresh;
#endif
    assert(address == before)                   /* a plan that fails half-way leaves the old table, */
  };
applied:
  atomic {
    fresh = 0;
    table = 0;
    do                                          /* and nothing on a device but what is named or waits */
    :: table <= PLANS -> fresh = fresh | leaving[table]; table++
    :: else -> table = 0; break
    od;
    assert(staged == (names[address] | fresh));
    fresh = 0; removed = 0; before = 0;
    namedAreStaged()
  }
}

/* ControlLoop: tick after tick, with or without a plan. */
proctype Control() {
  byte oldest, row, table, fresh, removed, replica, before;
  do
  :: retireUnreachable();
     if
     :: address < PLANS -> apply()
     :: true
     fi
#ifdef NEVER_LOOK_AGAIN
     ; if
     :: address == PLANS -> break
     :: else
     fi
#endif
  od
}

init {
  byte lane;
  atomic {
    names[0] = 1;
    staged = 1;
    run Control();
    do
    :: lane < LANES -> run Lane(lane); lane++
    :: else -> lane = 0; break
    od
  }
}

/* Whatever waits is let go once the lanes that may read it leave: nothing waits from some moment on for ever. */
ltl retirement { [] <> !waiting }
