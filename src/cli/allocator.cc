// jemalloc is the allocator of the program and of all it loads. Two things of glibc's cost a third
// of the time of small models: fresh pages for the activations of every run, which are many
// megabytes and come and go, and threads that wait for each other where one frees what another
// took.

// Read by jemalloc when the process starts. Large blocks are kept for the next run like others.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "oversize_threshold:0";
}
