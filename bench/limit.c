/**
 * The native twin of the kernel's float32 pass: what the machine could do with the same work. Register-blocked dot
 * products over the same rows and candidates with AVX-512 or AVX2, whichever the processor has, and the best k of
 * each query. Also what bounds it: the peak rate of multiply-adds and of reading from each cache and from memory.
 *
 * A child process of bench/limit.ts, which compiles it: one command a line on stdin, one line of answer on stdout.
 *
 *   bits                                           512 or 256: the widest vectors of this processor
 *   peak <bits> <ms>                               GFLOP/s
 *   read <bytes> <ms>                              GB/s
 *   load <rowFloats> <candidates> <queries> <depth> <directory>
 *                                                  reads rows.f32, ordinals.u32 and queries.f32; answers ok
 *   best                                           position and cosine · ‖query‖ of each entry of each ranking
 *   dots <ms>, rank <ms>                           nanoseconds of every run
 *
 * Unlike the kernel it orders by float32 alone and proves nothing.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <immintrin.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define INLINE static inline __attribute__((always_inline))
#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx2,fma,avx512f,avx512dq")))
/* As assembly/rank.ts has them. */
#define TILE_BYTES (24 * 1024)
#define TILE_ROWS_MAX 240
#define TILE_ROWS_MIN 24
#define SAMPLES_MAX 100000

static void fail(const char *what) {
  fprintf(stderr, "limit.c: %s\n", what);
  exit(1);
}

static double now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

static bool has_avx512(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
}

static void *allocate(size_t bytes) {
  void *start = aligned_alloc(4096, (bytes + 4095) & ~(size_t)4095);
  if (start == NULL) fail("out of memory");
  memset(start, 0, bytes);
  return start;
}

/* ---- Peaks ---- */

/* Twelve independent chains cover the latency of every multiply-add unit and fit sixteen registers. The empty
 * assembly keeps the compiler from doing the arithmetic in advance. */
#define PEAK(name, attributes, vector, set, fmadd)                                           \
  attributes static void name(long steps) {                                                  \
    const vector factor = set(1.0f);                                                         \
    vector sums[12];                                                                         \
    _Pragma("GCC unroll 12") for (int i = 0; i < 12; i++) sums[i] = set(0.0f);               \
    for (long step = 0; step < steps; step++) {                                              \
      _Pragma("GCC unroll 12") for (int i = 0; i < 12; i++) {                                \
        sums[i] = fmadd(factor, factor, sums[i]);                                            \
        __asm__ volatile("" : "+v"(sums[i]));                                                \
      }                                                                                      \
    }                                                                                        \
  }
PEAK(peak128, AVX2, __m128, _mm_set1_ps, _mm_fmadd_ps)
PEAK(peak256, AVX2, __m256, _mm256_set1_ps, _mm256_fmadd_ps)
PEAK(peak512, AVX512, __m512, _mm512_set1_ps, _mm512_fmadd_ps)

/** GFLOP/s of the best of many short stretches, so that a stretch without interruption is among them. */
static double peak(int bits, double ms) {
  const long steps = 20000;
  double best = 0;
  for (double end = now_ns() + ms * 1e6; now_ns() < end;) {
    const double start = now_ns();
    if (bits == 128) peak128(steps);
    else if (bits == 256) peak256(steps);
    else peak512(steps);
    const double rate = steps * 12.0 * (bits / 32) * 2 / (now_ns() - start);
    if (rate > best) best = rate;
  }
  return best;
}

AVX512 static int read512(const char *start, size_t bytes) {
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
  for (const char *at = start; at < start + bytes; at += 256) {
    a = _mm512_or_si512(a, _mm512_load_si512(at));
    b = _mm512_or_si512(b, _mm512_load_si512(at + 64));
    c = _mm512_or_si512(c, _mm512_load_si512(at + 128));
    d = _mm512_or_si512(d, _mm512_load_si512(at + 192));
  }
  return _mm512_reduce_or_epi32(_mm512_or_si512(_mm512_or_si512(a, b), _mm512_or_si512(c, d)));
}

AVX2 static int read256(const char *start, size_t bytes) {
  __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
  for (const char *at = start; at < start + bytes; at += 128) {
    a = _mm256_or_si256(a, _mm256_load_si256((const __m256i *)at));
    b = _mm256_or_si256(b, _mm256_load_si256((const __m256i *)(at + 32)));
    c = _mm256_or_si256(c, _mm256_load_si256((const __m256i *)(at + 64)));
    d = _mm256_or_si256(d, _mm256_load_si256((const __m256i *)(at + 96)));
  }
  const __m256i all = _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
  return !_mm256_testz_si256(all, all);
}

/** GB/s of reading a buffer from end to end, again and again; the best pass counts. */
static double read_rate(size_t bytes, double ms) {
  bytes &= ~(size_t)4095;
  char *buffer = allocate(bytes);
  /* A pass over a small buffer is short against the clock. */
  const int repeats = bytes < (4 << 20) ? (4 << 20) / bytes : 1;
  const bool wide = has_avx512();
  volatile int sink = 0;
  double best = 0;
  for (double end = now_ns() + ms * 1e6; now_ns() < end || best == 0;) {
    const double start = now_ns();
    for (int i = 0; i < repeats; i++) sink |= wide ? read512(buffer, bytes) : read256(buffer, bytes);
    const double rate = (double)bytes * repeats / (now_ns() - start);
    if (rate > best) best = rate;
  }
  free(buffer);
  return best;
}

/* ---- The work ---- */

static struct {
  uint32_t row_floats, candidates, queries, depth;
  const float *rows;
  const uint32_t *ordinals;
  const float *query_rows;
  /** 1/‖row‖ by ordinal, as a snapshot would keep it. */
  float *reciprocals;
  /** float[queries / 8][rowFloats][8]; queries beyond a whole eight are read as they are. */
  float *panels;
  /** float[queries][TILE_ROWS_MAX]. */
  float *scores;
  /** float[queries][depth] and uint32_t[queries][depth], best first. */
  float *values;
  uint32_t *positions;
} work;

static const void *read_file(const char *directory, const char *name, size_t *bytes) {
  char path[4096];
  struct stat facts;
  snprintf(path, sizeof path, "%s/%s", directory, name);
  const int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &facts) != 0) fail(path);
  *bytes = facts.st_size;
  void *start = allocate(*bytes + 64);
  for (size_t at = 0; at < *bytes;) {
    const ssize_t count = read(fd, (char *)start + at, *bytes - at);
    if (count <= 0) fail(path);
    at += count;
  }
  close(fd);
  return start;
}

static void load(const char *directory) {
  size_t bytes;
  free((void *)work.rows), free((void *)work.ordinals), free((void *)work.query_rows);
  free(work.reciprocals), free(work.panels), free(work.scores);
  free(work.values), free(work.positions);
  work.ordinals = read_file(directory, "ordinals.u32", &bytes);
  if (bytes != work.candidates * 4ul) fail("ordinals.u32 has another length");
  work.query_rows = read_file(directory, "queries.f32", &bytes);
  if (bytes != work.queries * work.row_floats * 4ul) fail("queries.f32 has another length");
  work.rows = read_file(directory, "rows.f32", &bytes);
  const size_t row_count = bytes / (work.row_floats * 4ul);
  work.reciprocals = allocate(row_count * 4);
  for (size_t ordinal = 0; ordinal < row_count; ordinal++) {
    double sum = 0;
    for (uint32_t i = 0; i < work.row_floats; i++) {
      const double element = work.rows[ordinal * work.row_floats + i];
      sum += element * element;
    }
    work.reciprocals[ordinal] = 1 / sqrt(sum);
  }
  work.panels = allocate(work.queries * work.row_floats * 4ul);
  work.scores = allocate(work.queries * TILE_ROWS_MAX * 4ul);
  work.values = allocate(work.queries * work.depth * 4ul);
  work.positions = allocate(work.queries * work.depth * 4ul);
}

/** The sums of the lanes of four vectors. */
AVX2 INLINE __m128 sum_lanes(__m128 a, __m128 b, __m128 c, __m128 d) {
  const __m128 ab = _mm_add_ps(_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b));
  const __m128 cd = _mm_add_ps(_mm_unpacklo_ps(c, d), _mm_unpackhi_ps(c, d));
  return _mm_add_ps(_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab));
}

AVX2 INLINE __m128 halved256(__m256 sum) {
  return _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
}

AVX512 INLINE __m128 halved512(__m512 sum) {
  return halved256(_mm256_add_ps(_mm512_castps512_ps256(sum), _mm512_extractf32x8_ps(sum, 1)));
}

/* Q queries by R rows, R a multiple of 4: the lanes hold elements of a row, Q·R sums live in registers. */
#define BLOCK(name, attributes, vector, lanes, zero, loadu, fmadd, halved, Q, R)                             \
  attributes static void name(uint32_t first, const uint32_t *ordinals, uint32_t count, float *scores) {      \
    const uint32_t floats = work.row_floats;                                                                  \
    const float *queries = work.query_rows + first * floats;                                                  \
    for (uint32_t at = 0; at < count; at += R) {                                                              \
      const float *rows[R];                                                                                   \
      vector sums[Q][R];                                                                                      \
      _Pragma("GCC unroll 8") for (int r = 0; r < R; r++) {                                                   \
        rows[r] = work.rows + (size_t)ordinals[at + r] * floats;                                              \
        _Pragma("GCC unroll 8") for (int q = 0; q < Q; q++) sums[q][r] = zero();                              \
      }                                                                                                       \
      for (uint32_t i = 0; i < floats; i += lanes) {                                                          \
        vector row[R];                                                                                        \
        _Pragma("GCC unroll 8") for (int r = 0; r < R; r++) row[r] = loadu(rows[r] + i);                      \
        _Pragma("GCC unroll 8") for (int q = 0; q < Q; q++) {                                                 \
          const vector query = loadu(queries + q * floats + i);                                               \
          _Pragma("GCC unroll 8") for (int r = 0; r < R; r++) sums[q][r] = fmadd(query, row[r], sums[q][r]);  \
        }                                                                                                     \
      }                                                                                                       \
      _Pragma("GCC unroll 8") for (int q = 0; q < Q; q++) {                                                   \
        _Pragma("GCC unroll 2") for (int r = 0; r < R; r += 4) {                                              \
          const __m128 sum = sum_lanes(halved(sums[q][r]), halved(sums[q][r + 1]), halved(sums[q][r + 2]),    \
                                       halved(sums[q][r + 3]));                                               \
          _mm_storeu_ps(scores + q * TILE_ROWS_MAX + at + r, sum);                                            \
        }                                                                                                     \
      }                                                                                                       \
    }                                                                                                         \
  }
#define BLOCK512(name, Q, R) \
  BLOCK(name, AVX512, __m512, 16, _mm512_setzero_ps, _mm512_loadu_ps, _mm512_fmadd_ps, halved512, Q, R)
#define BLOCK256(name, Q, R) \
  BLOCK(name, AVX2, __m256, 8, _mm256_setzero_ps, _mm256_loadu_ps, _mm256_fmadd_ps, halved256, Q, R)
BLOCK512(dots5x4, 5, 4)
BLOCK512(dots2x8, 2, 8)
BLOCK512(dots1x8, 1, 8)
BLOCK256(dots2x4, 2, 4)
BLOCK256(dots1x8_256, 1, 8)

/** Eight vectors with a query per lane are stored as eight with a row per lane. */
AVX2 INLINE void store_transposed(const __m256 rows[8], float *scores) {
  __m256 pairs[8], fours[8];
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    for (int j = 0; j < 2; j++) {
      fours[i + 2 * j] = _mm256_shuffle_ps(pairs[i + j], pairs[i + 2 + j], 0x44);
      fours[i + 2 * j + 1] = _mm256_shuffle_ps(pairs[i + j], pairs[i + 2 + j], 0xee);
    }
  }
  for (int i = 0; i < 4; i++) {
    _mm256_storeu_ps(scores + i * TILE_ROWS_MAX, _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x20));
    _mm256_storeu_ps(scores + (i + 4) * TILE_ROWS_MAX, _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x31));
  }
}

/** Eight queries by eight rows with a query per lane: nothing to add across lanes, which pays where rows are short. */
AVX2 static void dots8x8(uint32_t first, const uint32_t *ordinals, uint32_t count, float *scores) {
  const uint32_t floats = work.row_floats;
  const float *panel = work.panels + first * floats;
  for (uint32_t at = 0; at < count; at += 8) {
    const float *rows[8];
    __m256 sums[8];
    _Pragma("GCC unroll 8") for (int r = 0; r < 8; r++) {
      rows[r] = work.rows + (size_t)ordinals[at + r] * floats;
      sums[r] = _mm256_setzero_ps();
    }
    for (uint32_t i = 0; i < floats; i++) {
      const __m256 queries = _mm256_loadu_ps(panel + i * 8);
      _Pragma("GCC unroll 8") for (int r = 0; r < 8; r++) {
        sums[r] = _mm256_fmadd_ps(queries, _mm256_broadcast_ss(rows[r] + i), sums[r]);
      }
    }
    store_transposed(sums, scores + at);
  }
}

typedef struct {
  uint32_t queries;
  void (*dots)(uint32_t first, const uint32_t *ordinals, uint32_t count, float *scores);
} Block;
/* Largest first. Measured on Zen 4, rows in the first-level cache: 8 × 8 is ahead of 5 × 4 up to 128 floats. */
static const Block SHORT_ROWS_512[] = {{8, dots8x8}, {2, dots2x8}, {1, dots1x8}};
static const Block LONG_ROWS_512[] = {{5, dots5x4}, {2, dots2x8}, {1, dots1x8}};
static const Block SHORT_ROWS_256[] = {{8, dots8x8}, {2, dots2x4}, {1, dots1x8_256}};
static const Block LONG_ROWS_256[] = {{2, dots2x4}, {1, dots1x8_256}};

static const Block *blocks(void) {
  const bool short_rows = work.row_floats <= 128;
  if (has_avx512()) return short_rows ? SHORT_ROWS_512 : LONG_ROWS_512;
  return short_rows ? SHORT_ROWS_256 : LONG_ROWS_256;
}

/** Interleaves every eight queries, as `dots8x8` reads them. */
static void fill_panels(void) {
  for (uint32_t first = 0; first + 8 <= work.queries; first += 8) {
    float *panel = work.panels + first * work.row_floats;
    for (uint32_t i = 0; i < work.row_floats; i++) {
      for (uint32_t q = 0; q < 8; q++) panel[i * 8 + q] = work.query_rows[(first + q) * work.row_floats + i];
    }
  }
}

/** Puts an entry where it belongs among the best of query `n`; the last one falls out. */
static void insert(uint32_t n, float value, uint32_t position) {
  float *values = work.values + n * work.depth;
  uint32_t *positions = work.positions + n * work.depth;
  uint32_t at = work.depth - 1;
  for (; at > 0 && values[at - 1] < value; at--) {
    values[at] = values[at - 1];
    positions[at] = positions[at - 1];
  }
  values[at] = value;
  positions[at] = position;
}

/** Takes the scores of a tile that reach the last of the best of query `n`. */
AVX2 static void select_best(uint32_t n, const float *scores, const float *factors, uint32_t start, uint32_t count) {
  const float *last = work.values + n * work.depth + work.depth - 1;
  float values[8];
  for (uint32_t i = 0; i < count; i += 8) {
    const __m256 found = _mm256_mul_ps(_mm256_loadu_ps(scores + i), _mm256_loadu_ps(factors + i));
    uint32_t bits = _mm256_movemask_ps(_mm256_cmp_ps(found, _mm256_set1_ps(*last), _CMP_GT_OQ));
    if (bits == 0) continue;
    _mm256_storeu_ps(values, found);
    for (; bits != 0; bits &= bits - 1) {
      const uint32_t lane = __builtin_ctz(bits);
      if (values[lane] > *last) insert(n, values[lane], start + i + lane);
    }
  }
}

/** One request. Without `select`, the dot products alone. */
static void run(bool select) {
  const uint32_t row_bytes = work.row_floats * 4;
  uint32_t tile_rows = TILE_BYTES / row_bytes & ~7u;
  if (tile_rows < TILE_ROWS_MIN) tile_rows = TILE_ROWS_MIN;
  if (tile_rows > TILE_ROWS_MAX) tile_rows = TILE_ROWS_MAX;
  float factors[TILE_ROWS_MAX];
  if (blocks()->queries == 8) fill_panels();
  for (uint32_t i = 0; i < work.queries * work.depth; i++) work.values[i] = -INFINITY;
  for (uint32_t start = 0; start < work.candidates; start += tile_rows) {
    const uint32_t left = work.candidates - start;
    const uint32_t count = left < tile_rows ? left : tile_rows;
    const uint32_t *ordinals = work.ordinals + start;
    const Block *block = blocks();
    for (uint32_t first = 0; first < work.queries; first += block->queries) {
      while (block->queries > work.queries - first) block++;
      block->dots(first, ordinals, count, work.scores + first * TILE_ROWS_MAX);
    }
    if (!select) continue;
    for (uint32_t i = 0; i < count; i++) factors[i] = work.reciprocals[ordinals[i]];
    for (uint32_t n = 0; n < work.queries; n++) {
      select_best(n, work.scores + n * TILE_ROWS_MAX, factors, start, count);
    }
  }
}

/* ---- Commands ---- */

static void print_samples(bool select, double ms) {
  static double samples[SAMPLES_MAX];
  int count = 0;
  double start = now_ns();
  for (const double end = start + ms * 1e6; start < end && count < SAMPLES_MAX;) {
    run(select);
    const double done = now_ns();
    samples[count++] = done - start;
    start = done;
  }
  for (int i = 0; i < count; i++) printf("%.0f ", samples[i]);
  puts("");
}

static void print_best(void) {
  run(true);
  for (uint32_t i = 0; i < work.queries * work.depth; i++) printf("%u %.9g ", work.positions[i], work.values[i]);
  puts("");
}

int main(void) {
  char line[8192], directory[4096];
  double ms;
  size_t bytes;
  int bits;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) fail("this processor has no AVX2");
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (strcmp(line, "bits\n") == 0) {
      printf("%d\n", has_avx512() ? 512 : 256);
    } else if (sscanf(line, "peak %d %lf", &bits, &ms) == 2) {
      printf("%.2f\n", peak(bits, ms));
    } else if (sscanf(line, "read %zu %lf", &bytes, &ms) == 2) {
      printf("%.2f\n", read_rate(bytes, ms));
    } else if (sscanf(line, "load %u %u %u %u %4095[^\n]", &work.row_floats, &work.candidates, &work.queries, &work.depth,
                      directory) == 5) {
      if (work.row_floats % 16 != 0 || work.candidates % 8 != 0) fail("rows of 16 and candidates of 8 are whole blocks");
      load(directory);
      puts("ok");
    } else if (strcmp(line, "best\n") == 0) {
      print_best();
    } else if (sscanf(line, "dots %lf", &ms) == 1) {
      print_samples(false, ms);
    } else if (sscanf(line, "rank %lf", &ms) == 1) {
      print_samples(true, ms);
    } else {
      fail(line);
    }
    fflush(stdout);
  }
  return 0;
}
