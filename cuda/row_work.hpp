// What a launch over rows gets.
#pragma once

#include "cuda/calls.hpp"
#include "cuda/operand.hpp"

namespace fl {

struct RowWork {
  RowCall call;
  DividedSpace rows;  // of the call
  ScalesSource scales;
  void* values = nullptr;  // (rows), in the type computed with: each row's weight times its loss
  void* masses = nullptr;  // (teams, classes) of it, for losses over pairs
  int lanes = 1;           // of a team
  int rows_per_block = 1;  // that are computed together

  explicit RowWork(const RowCall& call) : call(call), rows(call.rows) {}
};

}  // namespace fl
