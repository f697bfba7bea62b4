// How many requests a host takes at a time, as far as its 429s have told.
#pragma once

#include <climits>

#include "base/clock.h"

namespace gantry {

// Confined: who counts with it holds a lock.
//
// There is none before the first 429.  A 429 halves what was in flight, once for all requests that
// were sent before the last cut: a burst that is refused is one piece of news.  Calm gives it back
// one by one, after eight answers or ten seconds, up to one below what was refused; that is tried
// again, and one more, each minute later.
class InFlightLimit {
 public:
  // Whether one more may be sent.
  bool HasRoom(MonoTime now);
  // When time alone may make room.
  MonoTime NextStep() const;

  // One more is in flight, until Leave().
  void Enter();
  void Leave();

  // Requests belong to the round in which they are sent; every cut begins the next one.
  int round() const { return round_; }
  void OnAnswer(int round, MonoTime now);
  void OnThrottled(int round);
  // Nothing is sent before `time`: calm begins there.
  void RestUntil(MonoTime time);

  // Cuts without calm between them.
  int cuts_in_a_row() const { return cuts_in_a_row_; }

 private:
  void Relax(MonoTime now);
  void Raise(int by, MonoTime now);

  static constexpr int kNone = INT_MAX;

  int in_flight_ = 0;
  int most_ = 0;  // in flight at once, since there were none or the last cut
  int limit_ = kNone;
  int refused_ = kNone;    // so many at once were too many
  MonoTime refused_at_{};  // or when the host wanted to be asked again
  MonoTime changed_at_{};  // the limit, likewise
  int answers_ = 0;        // of this round, since then
  int round_ = 0;
  int cuts_in_a_row_ = 0;
};

}  // namespace gantry
