/*
 * A caller of getaddrinfo() with a stopwatch: built once against glibc and once against each musl.
 *
 *   getaddrinfo [-t threads] [-g gap-milliseconds] [-4] [-c] NAME...
 *
 * Thread i takes every t-th name. `-4` asks for AF_INET only, `-c` sets AI_ADDRCONFIG. One JSON
 * object a line on stdout: start and end by the wall clock, `seconds` by the monotonic one.
 */
#define _GNU_SOURCE
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char **names;
static int name_count, threads = 1, gap = 20, family = AF_UNSPEC, flags = 0;

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static const char *error_name(int code) {
  switch (code) {
    case 0: return "";
    case EAI_AGAIN: return "EAI_AGAIN";
    case EAI_NONAME: return "EAI_NONAME";
    case EAI_FAIL: return "EAI_FAIL";
#ifdef EAI_NODATA
    case EAI_NODATA: return "EAI_NODATA";
#endif
    case EAI_SYSTEM: return "EAI_SYSTEM";
    default: return "EAI_OTHER";
  }
}

static void *work(void *argument) {
  long thread = (long)argument;
  for (int i = (int)thread; i < name_count; i += threads) {
    struct addrinfo hints, *answer = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = family;
    hints.ai_flags = flags;
    hints.ai_socktype = SOCK_STREAM;
    double start = now(CLOCK_REALTIME), tick = now(CLOCK_MONOTONIC);
    int code = getaddrinfo(names[i], "80", &hints, &answer);
    double seconds = now(CLOCK_MONOTONIC) - tick, end = now(CLOCK_REALTIME);
    int count = 0;
    for (struct addrinfo *a = answer; a; a = a->ai_next) count++;
    if (answer) freeaddrinfo(answer);
    printf("{\"name\":\"%s\",\"startEpoch\":%.6f,\"endEpoch\":%.6f,\"seconds\":%.6f,\"ok\":%s,\"error\":\"%s\","
           "\"addresses\":%d,\"thread\":%ld}\n",
           names[i], start, end, seconds, code == 0 ? "true" : "false", error_name(code), count, thread);
    usleep((useconds_t)gap * 1000);
  }
  return NULL;
}

int main(int argc, char **argv) {
  int option;
  while ((option = getopt(argc, argv, "t:g:4c")) != -1) {
    if (option == 't') threads = atoi(optarg);
    else if (option == 'g') gap = atoi(optarg);
    else if (option == '4') family = AF_INET;
    else if (option == 'c') flags |= AI_ADDRCONFIG;
    else return 2;
  }
  names = argv + optind;
  name_count = argc - optind;
  if (threads < 1 || threads > 64) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  pthread_t ids[64];
  for (long i = 0; i < threads; i++) pthread_create(&ids[i], NULL, work, (void *)i);
  for (int i = 0; i < threads; i++) pthread_join(ids[i], NULL);
  return 0;
}
