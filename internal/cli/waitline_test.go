package cli

import (
	"testing"
	"time"
)

func TestACommandThatWaitsSaysSoOnceAndWhereItIsSeen(t *testing.T) {
	until := time.Date(2026, 1, 2, 15, 4, 5, 0, time.Local)
	before, out := &screen{}, &screen{}
	w := &waitLine{out: before}
	w.through(out)
	w.tell(until)
	w.tell(until.Add(time.Minute))
	if said := out.text.String(); said != "Waiting until about 15:04:05 for room in the key's budget.\n" || before.text.Len() > 0 {
		t.Errorf("it said %q, and before %q", said, before.text.String())
	}
}

func TestOtherLinesGoAboveStreamsThatAreDrawn(t *testing.T) {
	for _, interactive := range []bool{true, false} {
		out := &screen{}
		p := newProgress(&session{Terminal: Terminal{Stderr: out, Interactive: interactive}}, false, 1)
		w := &waitLine{}
		w.through(p.above())
		w.tell(time.Now())
		p.close()
		if out.text.Len() == 0 {
			t.Errorf("on a terminal: %v; nothing was said", interactive)
		}
	}
}
