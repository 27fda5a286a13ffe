// Package bench measures whole journeys: simulated bookings into each kind of
// destination, without a limit and without a network between. It reports
// rows per second and the peak of the heap, so that two kinds, or two sizes,
// are compared within one run; absolute figures depend on the machine.
//
//	go test -bench . -benchtime 1x ./bench
package bench
