// How elements are cut up to be added up: by their number alone, not by the device, so that sums
// have the same bits on every device.
#pragma once

#include "cuda/plan.hpp"

namespace fl {

constexpr int kPointwiseThreads = 128;  // of a block

// Partial sums that one block adds up.
constexpr int64_t kMostPartials = 4 * kChunk;

// Of `count` numbers, those that a block adds up. Few: blocks for every multiprocessor; many: so
// much for each that its beginning and its end count for little.
constexpr int64_t chunk_of(int64_t count) {
  if (count <= 256 * kChunk) return kChunk / 4;
  int64_t chunk = kChunk;
  while (count > chunk * kMostPartials) chunk *= 2;
  return chunk;
}

// Rows of elements, each cut into pieces. A team of threads computes one piece.
struct Segments {
  int64_t rows = 1, row_length = 0;
  int64_t piece = 1;             // elements; the last piece of a row may have fewer
  int64_t pieces = 1;            // of a row
  int team = kPointwiseThreads;  // neighbours of a warp (a power of two), or the block

  constexpr int64_t count() const { return rows * pieces; }
  constexpr int64_t blocks() const { return ceil_div(count(), kPointwiseThreads / team); }
};

// All elements as one row: a reduction.
constexpr Segments segments_of_sum(int64_t elements) {
  Segments s;
  s.row_length = elements;
  s.piece = chunk_of(elements);
  s.pieces = ceil_div(elements, s.piece);
  return s;
}

// A mean for each row. Only rows that are long and few are cut into pieces: the others keep every
// multiprocessor busy as they are.
constexpr Segments segments_of_rows(int64_t rows, int64_t row_length) {
  constexpr int64_t kPerThread = 8, kMany = 1024;
  Segments s;
  s.rows = rows;
  s.row_length = s.piece = row_length;
  if (row_length <= kWarp * kPerThread * 8) {
    s.team = 1;
    while (s.team < kWarp && s.team * kPerThread < row_length) s.team *= 2;
  } else if (rows < kMany) {
    s.piece = chunk_of(row_length);
    s.pieces = ceil_div(row_length, s.piece);
  }
  return s;
}

}  // namespace fl
