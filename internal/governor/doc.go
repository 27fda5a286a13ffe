// Package governor hands out places in the window of an API key, so that a
// server with a limit of N requests per window never has to refuse one.
//
// # The rule
//
// A key has as many places as its limit. A request occupies one from just
// before its first byte is written until a whole window (plus a margin) after
// its answer was seen. A request that went unanswered occupies its place 30
// seconds longer, because it may still arrive after it was given up.
//
// # Why no window holds more than the limit
//
// Suppose limit+1 requests arrive in [w, w+60s). Let s be the last moment at
// which one of them was sent: s is before its arrival, so s < w+60s. Each of
// the others arrived at or after w, so its answer was seen at or after w and
// its place is occupied until after w+60s, hence past s; and it was sent
// before s. So at s all places were occupied, and nothing could be sent.
//
// The rule needs no knowledge of where the server's window begins and allows
// bursts: a key that has rested may spend its whole window at once. Counting
// at the time of sending instead, or refilling a token bucket, breaks the
// limit (the package's tests show both doing so).
//
// # Several processes, and crashes
//
// The ledger holds, for each key, the instant at which each place is free
// again, grouped by owner (a Governor). An owner may only send on a place that
// it has claimed there before. A claim is written with the latest instant its
// place could be occupied to (life of the claim + longest request + window +
// margin + 30 s) and shortened to the true one once the answer is seen. So a
// process that dies leaves too much behind, never too little, and its last
// claims, at most a block of 20 (a sixth of a limit above 120), are free again after about two minutes.
// Claims are made up to five seconds before their place becomes free, so that
// writing to the ledger costs no throughput, and given back after two seconds
// without use, so that another process is not starved.
//
// # What the server says
//
// Headers can only make the governor more cautious. A lower limit counts at
// once (a higher one never exceeds the configured). What remains, less the
// requests in flight, bounds what is sent until the server's window ends; for
// a key that only we use it never binds, since every request the server
// counts still occupies one of our places. What the server counted beyond our
// own requests is others' use: it is left to them, and requests are spread
// out instead of sent in bursts. A key without a record makes one request
// alone and proceeds with what its answer says remains. After a 429
// everything on the key waits in all processes, one request tries whether it
// is over, and some places stay unused for a while.
//
// # Lanes
//
// A free place goes to an interactive request if one waits; else the lanes
// share by weight, first come first served within a lane. A lane that waits
// alone gets everything, the whole window at once if it is free. No place is
// kept empty on the chance that a person may come; but once one had to wait
// more than a second, a tenth of the limit is reserved for interactive
// requests until five minutes after the last of them.
//
// # Clocks
//
// Within a process only the monotonic clock counts. Between processes the
// ledger carries wall-clock stamps, read so that an error holds places longer:
// the ledger's time never goes back (a process whose clock is behind the
// newest stamp continues from that stamp); another owner's entry is turned
// into monotonic time once, when first seen, and later steps of the clock do
// not touch it; and when the wall clock ran ahead of the monotonic one (a step,
// or a laptop that slept) entries not seen before are held as if written now.
// What remains: machines that share one ledger must agree on the time to about
// the margin, and a forward step of the clock between the death of one process
// and the start of the next is not noticed.
package governor
