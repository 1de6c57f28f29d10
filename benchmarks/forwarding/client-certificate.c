/*
 * wrk and h2load cannot show a client certificate. Preloaded, this puts one into every context they make.
 * BENCH_CLIENT_CHAIN and BENCH_CLIENT_KEY name PEM files; anything that fails ends the program.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef void *(*make_context)(const void *method);
typedef int (*use_chain)(void *context, const char *file);
typedef int (*use_key)(void *context, const char *file, int type);

void *SSL_CTX_new(const void *method) {
  make_context make = (make_context)dlsym(RTLD_NEXT, "SSL_CTX_new");
  use_chain chain = (use_chain)dlsym(RTLD_DEFAULT, "SSL_CTX_use_certificate_chain_file");
  use_key key = (use_key)dlsym(RTLD_DEFAULT, "SSL_CTX_use_PrivateKey_file");
  const char *chain_file = getenv("BENCH_CLIENT_CHAIN");
  const char *key_file = getenv("BENCH_CLIENT_KEY");
  void *context = make == NULL ? NULL : make(method);
  if (context == NULL || chain == NULL || key == NULL || chain_file == NULL || key_file == NULL ||
      chain(context, chain_file) != 1 || key(context, key_file, 1) != 1) {
    fprintf(stderr, "the client certificate cannot be used\n");
    exit(70);
  }
  return context;
}
