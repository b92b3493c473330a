/*
 * Loaded with LD_PRELOAD, writes down what a process does to the files under RECORDED_FOLDER, in the order in which it took effect, to
 * RECORDED_TRACE. An entry is a header of little-endian fields (operation, length of the path, offset, length of the data), the path
 * relative to the folder, and the data. A sync is written down only after it returned, so that it covers what stands before it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 1, WRITE = 2, TRUNCATE = 3, SYNC = 4, UNLINK = 5, RENAME = 6 };

struct header {
  uint32_t operation;
  uint32_t path_length;
  uint64_t offset;
  uint64_t data_length;
};

#define MAX_FILES 4096
static char *paths[MAX_FILES];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static int trace = -1;

/* Forked children inherit the library; only the process that was started with it is recorded. */
__attribute__((constructor)) static void start(void) {
  const char *wanted = getenv("RECORDED_FOLDER");
  const char *target = getenv("RECORDED_TRACE");
  if (wanted == NULL || target == NULL || realpath(wanted, folder) == NULL) return;
  trace = syscall(SYS_openat, AT_FDCWD, target, O_WRONLY | O_CREAT | O_APPEND, 0600);
}

static void put(const void *data, size_t length) {
  const char *at = data;
  while (length > 0) {
    long put = syscall(SYS_write, trace, at, length);
    if (put < 0) abort();
    at += put;
    length -= put;
  }
}

static void record(uint32_t operation, const char *path, uint64_t offset, const void *data, size_t length) {
  if (trace < 0 || path == NULL) return;
  struct header header = {operation, strlen(path), offset, length};
  put(&header, sizeof header);
  put(path, header.path_length);
  if (length > 0) put(data, length);
}

/* The path inside the folder ("" for the folder itself), or NULL for a file elsewhere. */
static const char *inside(const char *path, char *absolute) {
  if (trace < 0) return NULL;
  if (path[0] == '/') {
    snprintf(absolute, PATH_MAX, "%s", path);
  } else {
    char here[PATH_MAX];
    if (getcwd(here, sizeof here) == NULL) return NULL;
    if (snprintf(absolute, PATH_MAX, "%s/%s", here, path) >= PATH_MAX) return NULL;
  }
  size_t length = strlen(folder);
  if (strncmp(absolute, folder, length) != 0) return NULL;
  if (absolute[length] == '\0') return "";
  return absolute[length] == '/' ? absolute + length + 1 : NULL;
}

static const char *path_of(int file) { return file >= 0 && file < MAX_FILES ? paths[file] : NULL; }

static int opened(int file, const char *path, int flags, int existed) {
  char absolute[PATH_MAX];
  const char *relative = inside(path, absolute);
  if (file < 0 || file >= MAX_FILES || relative == NULL) return file;
  pthread_mutex_lock(&mutex);
  free(paths[file]);
  paths[file] = strdup(relative);
  if (!existed && (flags & O_CREAT)) record(CREATE, relative, 0, NULL, 0);
  if (existed && (flags & O_TRUNC)) record(TRUNCATE, relative, 0, NULL, 0);
  pthread_mutex_unlock(&mutex);
  return file;
}

#define OPEN(name)                                                                \
  int name(const char *path, int flags, ...) {                                    \
    va_list rest;                                                                 \
    va_start(rest, flags);                                                        \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;       \
    va_end(rest);                                                                 \
    int existed = syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;              \
    return opened(syscall(SYS_openat, AT_FDCWD, path, flags, mode), path, flags, existed); \
  }

/* syscall() sets errno as the functions it stands for do. */
OPEN(open)
OPEN(open64)

int close(int file) {
  pthread_mutex_lock(&mutex);
  if (file >= 0 && file < MAX_FILES) {
    free(paths[file]);
    paths[file] = NULL;
  }
  pthread_mutex_unlock(&mutex);
  return syscall(SYS_close, file);
}

static ssize_t write_at(int file, const void *data, size_t length, off_t offset, int seeks) {
  pthread_mutex_lock(&mutex);
  const char *path = path_of(file);
  if (seeks && path != NULL) offset = lseek(file, 0, SEEK_CUR);
  if (seeks && path != NULL && (fcntl(file, F_GETFL) & O_APPEND)) offset = lseek(file, 0, SEEK_END);
  /* A write outside the folder may block for long, on a pipe for example. */
  if (path == NULL) pthread_mutex_unlock(&mutex);
  ssize_t written = seeks ? syscall(SYS_write, file, data, length) : syscall(SYS_pwrite64, file, data, length, offset);
  if (path != NULL) {
    if (written > 0) record(WRITE, path, offset, data, written);
    pthread_mutex_unlock(&mutex);
  }
  return written;
}

ssize_t write(int file, const void *data, size_t length) { return write_at(file, data, length, 0, 1); }

ssize_t pwrite(int file, const void *data, size_t length, off_t offset) { return write_at(file, data, length, offset, 0); }

ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset) {
  return write_at(file, data, length, offset, 0);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  pthread_mutex_lock(&mutex);
  int recorded = path_of(file) != NULL;
  pthread_mutex_unlock(&mutex);
  if (!recorded) return syscall(SYS_writev, file, parts, count);
  ssize_t total = 0;
  for (int part = 0; part < count; part++) {
    ssize_t written = write(file, parts[part].iov_base, parts[part].iov_len);
    if (written < 0) return total > 0 ? total : written;
    total += written;
    if ((size_t)written < parts[part].iov_len) break;
  }
  return total;
}

static int done(long result, int file, uint32_t operation, uint64_t offset) {
  if (result == 0) {
    pthread_mutex_lock(&mutex);
    record(operation, path_of(file), offset, NULL, 0);
    pthread_mutex_unlock(&mutex);
  }
  return result;
}

int ftruncate(int file, off_t length) { return done(syscall(SYS_ftruncate, file, length), file, TRUNCATE, length); }

int ftruncate64(int file, off64_t length) { return done(syscall(SYS_ftruncate, file, length), file, TRUNCATE, length); }

int fsync(int file) { return done(syscall(SYS_fsync, file), file, SYNC, 0); }

int fdatasync(int file) { return done(syscall(SYS_fdatasync, file), file, SYNC, 0); }

int unlink(const char *path) {
  char absolute[PATH_MAX];
  int result = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  pthread_mutex_lock(&mutex);
  if (result == 0) record(UNLINK, inside(path, absolute), 0, NULL, 0);
  pthread_mutex_unlock(&mutex);
  return result;
}

int rename(const char *from, const char *to) {
  char absolute_from[PATH_MAX];
  char absolute_to[PATH_MAX];
  int result = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  pthread_mutex_lock(&mutex);
  const char *source = inside(from, absolute_from);
  const char *target = inside(to, absolute_to);
  if (result == 0 && source != NULL && target != NULL) record(RENAME, source, 0, target, strlen(target));
  pthread_mutex_unlock(&mutex);
  return result;
}
