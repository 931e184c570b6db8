/* Lets the operating system fail under the real binary: preloaded by tests/src/faults.rs.
 *
 * FAULT="CALL PLACE AT ACTION" meets the call number AT (from 1) of CALL whose file name contains
 * PLACE, or for clock_gettime the name of whose thread does. Only the wall clock can fail: locks read
 * the steady one while they hold their queues, and a panic there would hang whoever waits in them.
 * With FAULT_FROM=FILE calls are counted only while FILE exists. Actions:
 *   kill        SIGKILL instead of the call        kill-after  SIGKILL when it has succeeded
 *   torn        half of a write, then SIGKILL      fill        half of a write, then ENOSPC for good
 *   EIO ENOSPC  the error, once                    EIO+ ENOSPC+  the error, from then on
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static char call[32], place[256], action[16];
static const char *from;
static long at;
static atomic_long calls;

__attribute__((constructor)) static void read_plan(void) {
  const char *plan = getenv("FAULT");
  from = getenv("FAULT_FROM");
  if (plan && sscanf(plan, "%31s %255s %ld %15s", call, place, &at, action) != 4) {
    dprintf(2, "fault: the plan `%s` cannot be read\n", plan);
    abort();
  }
}

static int is(const char *wanted) { return strcmp(action, wanted) == 0; }
static int goes_on(void) { return is("EIO+") || is("ENOSPC+") || is("fill"); }

/* Whether this call is met: 1 the first time, 2 when a fault goes on. */
static int met(const char *name, const char *where) {
  if (at == 0 || strcmp(name, call) != 0 || !strstr(where, place)) return 0;
  if (from && access(from, F_OK) != 0) return 0;
  long now = atomic_fetch_add(&calls, 1) + 1;
  if (now < at || (now > at && !goes_on())) return 0;
  if (now == at) dprintf(2, "fault: %s %ld of %s: %s\n", name, now, where, action);
  return now == at ? 1 : 2;
}

static int met_file(const char *name, int file) {
  char link[64], path[4096];
  if (at == 0 || strcmp(name, call) != 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return met(name, path);
}

/* Fails the call, or dies. Returns whether the real call is to be made, and death comes after it. */
static int struck(void) {
  if (is("kill") || is("torn")) kill(getpid(), SIGKILL);
  if (is("kill-after")) return 1;
  errno = strncmp(action, "EIO", 3) == 0 ? EIO : ENOSPC;
  return 0;
}

#define REAL(name, result, ...) \
  static result (*real)(__VA_ARGS__); \
  if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

#define FILE_CALL(name, parameters, arguments, file, types) \
  int name parameters { \
    REAL(#name, int, types); \
    if (!met_file(#name, file)) return real arguments; \
    if (!struck()) return -1; \
    int result = real arguments; \
    kill(getpid(), SIGKILL); \
    return result; \
  }

FILE_CALL(fdatasync, (int file), (file), file, int)
FILE_CALL(fsync, (int file), (file), file, int)
#define TWO int, off_t
FILE_CALL(ftruncate64, (int file, off_t length), (file, length), file, TWO)

ssize_t pwrite64(int file, const void *bytes, size_t count, off_t offset) {
  REAL("pwrite64", ssize_t, int, const void *, size_t, off_t);
  int strike = met_file("pwrite64", file);
  if (!strike) return real(file, bytes, count, offset);
  if (is("torn") || (is("fill") && strike == 1)) {
    ssize_t half = real(file, bytes, count > 1 ? count / 2 : count, offset);
    if (is("torn")) kill(getpid(), SIGKILL);
    return half;
  }
  if (!struck()) return -1;
  ssize_t result = real(file, bytes, count, offset);
  kill(getpid(), SIGKILL);
  return result;
}

int rename(const char *old, const char *new) {
  REAL("rename", int, const char *, const char *);
  if (!met("rename", new)) return real(old, new);
  if (!struck()) return -1;
  int result = real(old, new);
  kill(getpid(), SIGKILL);
  return result;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  REAL("clock_gettime", int, clockid_t, struct timespec *);
  if (at != 0 && clock == CLOCK_REALTIME && strcmp(call, "clock_gettime") == 0) {
    char name[16] = {0};
    prctl(PR_GET_NAME, name);
    if (met("clock_gettime", name) && !struck()) return -1;
  }
  return real(clock, now);
}
