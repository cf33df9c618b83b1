/*
 * A caller of c-ares's ares_getaddrinfo() with a stopwatch (c-ares 1.16 and later).
 *
 *   cares [-g gap-milliseconds] [-n | -k] [-4] NAME...
 *
 * `-k` keeps one channel for all names as an application does (the default); `-n` makes a new one
 * for each name, as gRPC does.
 * One JSON object a line on stdout, as getaddrinfo.c writes.
 */
#define _GNU_SOURCE
#include <ares.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

struct result {
  int done, status, addresses;
};

static void answered(void *argument, int status, int timeouts, struct ares_addrinfo *info) {
  struct result *result = argument;
  (void)timeouts;
  result->done = 1;
  result->status = status;
  if (info) {
    for (struct ares_addrinfo_node *node = info->nodes; node; node = node->ai_next) result->addresses++;
    ares_freeaddrinfo(info);
  }
}

static void wait_for(ares_channel channel, struct result *result) {
  while (!result->done) {
    fd_set readers, writers;
    FD_ZERO(&readers);
    FD_ZERO(&writers);
    int count = ares_fds(channel, &readers, &writers);
    struct timeval timeout, *next = ares_timeout(channel, NULL, &timeout);
    select(count, &readers, &writers, NULL, next);
    ares_process(channel, &readers, &writers);
  }
}

int main(int argc, char **argv) {
  int option, gap = 20, fresh = 0, family = AF_UNSPEC;
  while ((option = getopt(argc, argv, "g:nk4")) != -1) {
    if (option == 'g') gap = atoi(optarg);
    else if (option == 'n') fresh = 1;
    else if (option == 'k') fresh = 0;
    else if (option == '4') family = AF_INET;
    else return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  ares_library_init(ARES_LIB_INIT_ALL);
  ares_channel channel = NULL;
  for (int i = optind; i < argc; i++) {
    if (channel == NULL && ares_init(&channel) != ARES_SUCCESS) return 1;
    struct ares_addrinfo_hints hints;
    struct result result;
    memset(&hints, 0, sizeof hints);
    memset(&result, 0, sizeof result);
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    double start = now(CLOCK_REALTIME), tick = now(CLOCK_MONOTONIC);
    ares_getaddrinfo(channel, argv[i], "80", &hints, answered, &result);
    wait_for(channel, &result);
    double seconds = now(CLOCK_MONOTONIC) - tick, end = now(CLOCK_REALTIME);
    printf("{\"name\":\"%s\",\"startEpoch\":%.6f,\"endEpoch\":%.6f,\"seconds\":%.6f,\"ok\":%s,\"error\":\"%s\","
           "\"addresses\":%d,\"thread\":0}\n",
           argv[i], start, end, seconds, result.status == ARES_SUCCESS ? "true" : "false",
           result.status == ARES_SUCCESS ? "" : ares_strerror(result.status), result.addresses);
    if (fresh) {
      ares_destroy(channel);
      channel = NULL;
    }
    usleep((useconds_t)gap * 1000);
  }
  if (channel) ares_destroy(channel);
  return 0;
}
