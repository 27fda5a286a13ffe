package server_test

import (
	"os"
	"strconv"
	"strings"
)

// ticks is how much the machine's processors have done, and how much of that this
// process; zero where the system does not tell.
type ticks struct{ all, idle, own int64 }

func readTicks() (t ticks) {
	machine, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(machine), "\n")
	for i, field := range strings.Fields(line) {
		n, _ := strconv.ParseInt(field, 10, 64)
		switch {
		case i == 0 || i > 8: // the name; guests, who are counted already
		case i == 4 || i == 5: // idle, waiting for a disk
			t.idle += n
			fallthrough
		default:
			t.all += n
		}
	}
	process, _ := os.ReadFile("/proc/self/stat")
	_, after, _ := strings.Cut(string(process), ") ") // the name may have blanks
	for i, field := range strings.Fields(after) {
		if i == 11 || i == 12 { // for us, for the system on our behalf
			n, _ := strconv.ParseInt(field, 10, 64)
			t.own += n
		}
	}
	return t
}

// others is which part of the machine other processes have used since before; 1 where
// that is not known.
func (t ticks) others() float64 {
	now := readTicks()
	all := now.all - t.all
	if all <= 0 {
		return 1
	}
	return float64(all-(now.idle-t.idle)-(now.own-t.own)) / float64(all)
}
