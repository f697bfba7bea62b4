#include "plugins/sdk/timestamp.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace gantry::sdk {
namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

// Takes `width` digits off the front; -1 when they are not there.
int TakeNumber(std::string_view& text, size_t width) {
  if (text.size() < width) return -1;
  int value = 0;
  for (size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool Take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == any_of.npos) return false;
  text.remove_prefix(1);
  return true;
}

int64_t TakeMilliseconds(std::string_view& text) {
  int64_t milliseconds = 0;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (digits++ < 3) milliseconds = milliseconds * 10 + (text.front() - '0');
    text.remove_prefix(1);
  }
  for (; digits < 3; ++digits) milliseconds *= 10;
  return milliseconds;
}

}  // namespace

std::optional<int64_t> ParseTimestamp(std::string_view text) {
  const int y = TakeNumber(text, 4);
  const bool date_1 = Take(text, "-");
  const int mo = TakeNumber(text, 2);
  const bool date_2 = Take(text, "-");
  const int d = TakeNumber(text, 2);
  const bool separator = Take(text, "Tt ");
  const int h = TakeNumber(text, 2);
  const bool time_1 = Take(text, ":");
  const int mi = TakeNumber(text, 2);
  const bool time_2 = Take(text, ":");
  const int s = TakeNumber(text, 2);
  if (!date_1 || !date_2 || !separator || !time_1 || !time_2) return std::nullopt;
  if (y < 1970 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 60) return std::nullopt;
  const year_month_day date(year(y), month(static_cast<unsigned>(mo)),
                            day(static_cast<unsigned>(d)));
  if (mo < 0 || d < 0 || !date.ok()) return std::nullopt;
  const int64_t fraction = Take(text, ".") ? TakeMilliseconds(text) : 0;

  int64_t offset_minutes = 0;
  if (!Take(text, "Zz")) {
    const int sign = !text.empty() && text.front() == '-' ? -1 : 1;
    if (!Take(text, "+-")) return std::nullopt;
    const int hours = TakeNumber(text, 2);
    const bool colon = Take(text, ":");
    const int minutes = TakeNumber(text, 2);
    if (!colon || hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
    offset_minutes = sign * (hours * 60 + minutes);
  }
  if (!text.empty()) return std::nullopt;
  const int64_t whole_days = sys_days(date).time_since_epoch().count();
  const int64_t minutes = whole_days * 24 * 60 + h * 60 + mi - offset_minutes;
  return (minutes * 60 + s) * 1000 + fraction;
}

int64_t EarlierEnd(int64_t a_unix_ms, int64_t b_unix_ms) {
  if (a_unix_ms == 0 || b_unix_ms == 0) return std::max(a_unix_ms, b_unix_ms);
  return std::min(a_unix_ms, b_unix_ms);
}

std::string BasicTimestamp(int64_t unix_ms) {
  const std::chrono::sys_seconds time{std::chrono::seconds(unix_ms / 1000)};
  const sys_days midnight = std::chrono::floor<days>(time);
  const year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(time - midnight);
  char text[32];
  std::snprintf(text, sizeof text, "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

}  // namespace gantry::sdk
