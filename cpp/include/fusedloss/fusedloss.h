/* fusedloss.h: the C interface, the one border between the kernels and every front end.
 *
 * A front end describes a call (loss, parameters, tensors, outputs wanted, reduction) and gets a
 * status. Nothing is read or written outside the tensors described, no input is modified unless
 * an output aliases it, and no pointer is kept after the call returns.
 */
#ifndef FUSEDLOSS_FUSEDLOSS_H_
#define FUSEDLOSS_FUSEDLOSS_H_

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define FL_API __declspec(dllexport)
#else
#define FL_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Grows by one whenever a struct or a function below changes its meaning. */
#define FL_INTERFACE_VERSION 3
#define FL_MAX_DIMS 16
#define FL_MAX_PARAMS 8
#define FL_MAX_MORE 2 /* predictions beside y_pred */

typedef enum fl_dtype {
  FL_FLOAT32 = 0,
  FL_FLOAT64,
  FL_FLOAT16,
  FL_BFLOAT16,
  FL_INT8,
  FL_INT16,
  FL_INT32,
  FL_INT64,
  FL_UINT8,
  FL_BOOL
} fl_dtype;

/* A view of somebody else's memory. data == NULL means "not given". */
typedef struct fl_tensor {
  void* data;
  const int64_t* shape;   /* (ndim) */
  const int64_t* strides; /* (ndim), in elements; 0 broadcasts; NULL means C-contiguous */
  int32_t ndim;
  int32_t dtype; /* fl_dtype */
} fl_tensor;

typedef enum fl_reduction {
  FL_NONE = 0,     /* one loss per row */
  FL_SUM,          /* sum of w * loss */
  FL_MEAN,         /* ... over the number of rows that are neither masked nor ignored */
  FL_WEIGHTED_MEAN /* ... over the sum of their sample weights, broadcast to the rows first */
} fl_reduction;

enum {
  FL_UNSCALED_GRAD = 1,      /* leave the reduction's divisor out of the gradient (see fl_result) */
  FL_EMPTY_IS_NAN = 2,       /* a mean over nothing is NaN, as in torch; otherwise 0, as in Keras */
  FL_CLASS_WEIGHTED_MEAN = 4 /* FL_WEIGHTED_MEAN counts sample_weight * class_weight[label] */
};

/* Calls task(context, begin, end) until [0, count) is covered; any split, any thread, any order. */
typedef void (*fl_task)(void* context, int64_t begin, int64_t end);
typedef void (*fl_parallel_for)(void* pool, int64_t count, fl_task task, void* context);

/* What the pass over the logits of a row finds beside its loss. Contiguous, shape of the rows,
 * dtype of the loss; argmax int64 or int32. Rows that do not count have 0 and argmax -1. */
typedef struct fl_statistics {
  fl_tensor log_sum_exp;
  fl_tensor label_log_prob; /* needs integer labels */
  fl_tensor entropy;
  fl_tensor argmax; /* the first one of equals; -1 in a row with NaN */
} fl_statistics;

typedef struct fl_call {
  size_t struct_size; /* sizeof(fl_call) */
  int32_t loss_id;    /* fl_find_loss() */
  int32_t num_params;
  const double* params; /* (num_params), in the order of fl_loss_info; missing ones: defaults */

  /* What a row is. 0: every element is a row of its own. 1: the last axis is the row; pointwise
   * losses are averaged over it, row losses run along it. */
  int32_t row_axes;
  int32_t reduction; /* fl_reduction */
  int32_t flags;
  int32_t has_ignore_label;
  int32_t has_upstream;
  int64_t ignore_label;
  double upstream;    /* what every gradient is multiplied with */
  double denominator; /* replaces the divisor of a mean; 0: the reduction's own */

  fl_tensor y_true;            /* as fl_loss_info says by targets */
  fl_tensor y_pred;            /* (rows..., [classes]): float32, float64, float16 or bfloat16 */
  fl_tensor more[FL_MAX_MORE]; /* shape of y_pred, any floating dtype: the further predictions */
  fl_tensor sample_weight;     /* shape of the rows, or of y_pred for pointwise losses */
  fl_tensor mask;              /* bool, shape of the rows; 0: the row does not exist */
  fl_tensor class_weight; /* row losses: (classes); pointwise: shape of y_pred (see fl_loss_info) */

  /* Outputs wanted. Floating outputs of float64 input are float64; otherwise loss is float32. */
  fl_tensor loss;                   /* 0-d, or the shape of the rows for FL_NONE */
  fl_tensor grad;                   /* shape and dtype of y_pred; may be y_pred itself */
  fl_tensor more_grad[FL_MAX_MORE]; /* likewise, of each further prediction */
  fl_statistics statistics;         /* only if fl_loss_info says has_statistics */

  fl_parallel_for parallel_for; /* NULL: the library's own threads */
  void* pool;
} fl_call;

typedef struct fl_result {
  double scale; /* what the sum of w * loss was multiplied with: 1, or 1 / divisor */
} fl_result;

typedef enum fl_code {
  FL_OK = 0,
  FL_INVALID_VALUE,
  FL_INVALID_TYPE,
  FL_LABEL_OUT_OF_RANGE,
  FL_OUT_OF_MEMORY,
  FL_DEVICE_ERROR /* from CUDA, see fusedloss_cuda.h */
} fl_code;

typedef struct fl_status {
  int32_t code; /* fl_code */
  char message[508];
} fl_status;

typedef enum fl_kind {
  FL_POINTWISE = 0, /* a value per element */
  FL_ROW = 1        /* a value per row of classes */
} fl_kind;

typedef enum fl_targets {
  FL_TARGETS_ELEMENTS = 0, /* y_true: shape of y_pred; row losses also an integer label per row */
  FL_TARGETS_ROWS,         /* y_true: one integer per row, of any value */
  FL_TARGETS_NONE          /* no y_true */
} fl_targets;

typedef struct fl_param_info {
  const char* name;
  double value;         /* default */
  double low, high;     /* domain */
  int32_t low_excluded; /* 1: value > low */
} fl_param_info;

typedef struct fl_loss_info {
  const char* name;
  const char* summary;
  int32_t kind;               /* fl_kind */
  int32_t takes_class_weight; /* 0: giving class_weight is an error */
  int32_t has_statistics;
  int32_t targets; /* fl_targets */
  int32_t num_more;
  const char* more[FL_MAX_MORE]; /* names of the further predictions */
  int32_t num_params;
  fl_param_info params[FL_MAX_PARAMS];
} fl_loss_info;

/* Value and gradient in one pass over y_pred. result may be NULL. Returns status->code. */
FL_API int32_t fl_compute(const fl_call* call, fl_result* result, fl_status* status);

/* output = factor * input, computed in float32 (float64 for float64) and rounded once. */
FL_API int32_t fl_scale(const fl_tensor* input, double factor, const fl_tensor* output,
                        fl_parallel_for parallel_for, void* pool, fl_status* status);

FL_API int32_t fl_loss_count(void);
FL_API const fl_loss_info* fl_get_loss_info(int32_t loss_id); /* NULL: no such loss */
FL_API int32_t fl_find_loss(const char* name);                /* -1: no such loss */

/* Instruction sets: chosen once by what the CPU has, or by FUSEDLOSS_ISA; may be changed. */
FL_API int32_t fl_isa_count(void);
FL_API const char* fl_isa_name(int32_t isa); /* best last; NULL: no such one */
FL_API int32_t fl_isa_usable(int32_t isa);   /* whether this CPU can run it */
FL_API int32_t fl_get_isa(void);
FL_API int32_t fl_set_isa(int32_t isa, fl_status* status);

/* The library's own threads: FUSEDLOSS_NUM_THREADS, or the CPUs this process may use. */
FL_API int32_t fl_get_num_threads(void);
FL_API int32_t fl_set_num_threads(int32_t threads, fl_status* status);

/* Memory for large outputs whose pages stay mapped between calls. Aligned to 64 bytes,
 * uninitialised, released by fl_free only; NULL: out of memory. */
FL_API void* fl_allocate(size_t bytes);
FL_API void fl_free(void* memory);
FL_API void fl_release_memory(void);   /* gives memory that is not in use back to the system */
FL_API size_t fl_reserved_bytes(void); /* kept for reuse, not in use */

#ifdef __cplusplus
}
#endif
#endif /* FUSEDLOSS_FUSEDLOSS_H_ */
