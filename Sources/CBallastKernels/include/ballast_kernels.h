#pragma once
#include <stddef.h>
#include <stdint.h>

// The arithmetic of one SwiGLU expert, output = down( silu(gate x) * (up x) ), on packed weights.
//
// Every function has a twin for each instruction set; `ballast_kernels()` names the best this processor has.
// A row's result depends on that row and the weights alone: each output is summed over the reduction in one fixed
// order, however many rows run beside it. Rows with infinities or NaN spoil only themselves.

#ifdef __cplusplus
extern "C" {
#endif

/// How packed weights are stored; the numbers are those of the Swift `Precision`.
enum { BALLAST_FLOAT32 = 0, BALLAST_BFLOAT16 = 1, BALLAST_INT8 = 2, BALLAST_INT4 = 3 };

/// Instruction sets, from the one every processor has.
enum { BALLAST_PORTABLE = 0, BALLAST_AVX2 = 1, BALLAST_AVX512 = 2 };

/// Outputs that are stored side by side.
enum { BALLAST_PANEL = 16 };

/// Weights along the reduction that share one int8 or int4 scale.
enum { BALLAST_GROUP = 32 };

/// Rows an expert computes in one pass over its weights; more rows take more passes.
enum { BALLAST_PASS = 96 };

/// What packing found.
enum { BALLAST_PACKED = 0, BALLAST_NOT_FINITE = 1 };

/// A matrix as a checkpoint stores it, `[output][reduction]`, row-major.
typedef struct ballast_source {
  const void *values;
  /// BALLAST_FLOAT32 or BALLAST_BFLOAT16.
  int32_t precision;
} ballast_source;

/// A matrix as whole numbers: weight = scale · code.
typedef struct ballast_codes {
  /// `[output][reduction]`; -128…127 for int8, -8…7 for int4.
  const int8_t *codes;
  /// `[output][group of the reduction]`, bfloat16; may be negative.
  const uint16_t *scales;
} ballast_codes;

/// One expert's packed weights.
typedef struct ballast_expert {
  /// Gate and up panels in turn; `ballast_gate_up_bytes` of them, on a 64-byte boundary.
  const void *gate_up;
  /// `ballast_down_bytes`, on a 64-byte boundary.
  const void *down;
  uint32_t hidden;
  uint32_t inner;
  int32_t precision;
} ballast_expert;

/// The kernels of one instruction set.
typedef struct ballast_kernel_set {
  const char *name;

  /// Packs strips `first ..< first + count` of the gate-and-up matrix (`up` given) or of the down matrix.
  ///
  /// `packed` is the start of the whole packed matrix. int8 and int4 are rounded as by `quantize`. Answers
  /// BALLAST_NOT_FINITE at the first bad output.
  int32_t (*pack)(int32_t precision, const ballast_source *matrix, const ballast_source *up, size_t outputs,
                  size_t depth, size_t first, size_t count, void *packed);

  /// Rounds outputs `first ..< first + count` to codes and scales, both from the first output's.
  ///
  /// Answers BALLAST_NOT_FINITE when a weight is.
  int32_t (*quantize)(int32_t precision, const ballast_source *matrix, size_t depth, size_t first, size_t count,
                      int8_t *codes, uint16_t *scales);

  /// As `pack`, from codes and scales.
  int32_t (*pack_codes)(int32_t precision, const ballast_codes *matrix, const ballast_codes *up, size_t outputs,
                        size_t depth, size_t first, size_t count, void *packed);

  /// Computes `count` rows of `input`, chosen by `rows`, into consecutive rows of `output`.
  ///
  /// `input` is `[row][hidden]`, `output` is `[count][ballast_padded(hidden)]` on a 64-byte boundary, `scratch` has
  /// `ballast_scratch_bytes` on a 64-byte boundary. `next` is what will be computed after it, or null: its weights are
  /// asked for meanwhile.
  void (*expert)(const ballast_expert *expert, const ballast_expert *next, const float *input, const int32_t *rows,
                 size_t count, float *output, void *scratch);

  /// sum = Σ gates[i] · entries[order[i]], in order; `entries` is `[entry][stride]`. Answers 1 when all of it is finite.
  int32_t (*combine)(const float *entries, size_t stride, const int32_t *order, const float *gates, size_t count,
                  float *sum, size_t hidden);

  /// Computes `count` consecutive rows in float32 from weights as the checkpoint stores them, without packing.
  ///
  /// `output` is `[count][hidden]`; `scratch` has `ballast_exact_scratch_bytes`.
  void (*exact)(const ballast_source *gate, const ballast_source *up, const ballast_source *down, size_t hidden,
                size_t inner, const float *input, size_t count, float *output, void *scratch);

  /// Multiplies and adds in registers alone, `turns` times 16 vectors, as `precision` is computed; answers the
  /// multiplications and additions made.
  double (*arithmetic)(int32_t precision, size_t turns);

  /// Reads memory; answers something that depends on all of it.
  uint32_t (*read)(const void *memory, size_t bytes);
} ballast_kernel_set;

/// The kernels in use: the best for this processor, or what the environment's BALLAST_KERNELS names if it has them.
const ballast_kernel_set *ballast_kernels(void);

/// The kernels for one instruction set; null when this processor lacks it.
const ballast_kernel_set *ballast_kernels_for(int32_t level);

/// `outputs` rounded up to whole panels.
size_t ballast_padded(size_t outputs);
/// Strips of the gate-and-up matrix.
size_t ballast_gate_up_strips(size_t inner);
/// Strips of the down matrix.
size_t ballast_down_strips(size_t hidden);
/// The most bytes one strip takes with reductions of `depth`.
size_t ballast_strip_bytes(int32_t precision, size_t depth);
/// Groups of a reduction of `depth`: scales of an output.
size_t ballast_groups(size_t depth);
/// Bytes of the packed gate-and-up matrix, scales and padding included.
size_t ballast_gate_up_bytes(int32_t precision, size_t hidden, size_t inner);
/// Bytes of the packed down matrix, scales and padding included.
size_t ballast_down_bytes(int32_t precision, size_t hidden, size_t inner);
/// Bytes `expert` needs beside its output.
size_t ballast_scratch_bytes(size_t hidden, size_t inner);
/// Bytes `exact` needs beside its output.
size_t ballast_exact_scratch_bytes(size_t hidden, size_t inner, size_t count);

// Cores, which the C library names only to C.

/// Cores a set of them can name.
enum { BALLAST_CORES = 1024 };
/// Whether the calling thread may run on a core.
int32_t ballast_may_use_core(size_t core);
/// Keeps the calling thread on a core; 0, or −1 when it may not run there.
int32_t ballast_pin_to_core(size_t core);
/// Keeps the calling thread off a core; 0, or −1 when it may run on no other.
int32_t ballast_leave_core(size_t core);
/// The core the calling thread runs on at this moment; −1 when the system does not say.
int32_t ballast_current_core(void);

// Sleeping and waking, without a lock.

/// Sleeps while a 32-bit word holds `value`; may return early.
void ballast_sleep_while(const void *word, uint32_t value);
/// Wakes every thread that sleeps on a word.
void ballast_wake_all(const void *word);
/// Lets a thread that looks again and again do so at little cost.
void ballast_rest(void);

// The specification (reference.c): plain loops over packed weights that every set must agree with.

/// As `expert` of a set, one row at a time and without scratch of the caller's; answers 0, or 1 when out of memory.
int32_t ballast_reference_expert(const ballast_expert *expert, const float *input, const int32_t *rows, size_t count,
                                 float *output);

/// Weight `[panel · 16 + column][reduction]` of a packed matrix of so many panels, as the number it stands for.
float ballast_reference_weight(int32_t precision, const void *packed, size_t panels, size_t depth, size_t panel,
                               size_t column, size_t reduction);

#ifdef __cplusplus
}
#endif
