package identity

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir"
)

func TestAtMostTwoPasswordsAreComputedAtOnceAndOneOfThemAStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLanes()
		var mu sync.Mutex
		var now, peak, stranger, strangerPeak int
		for i := range 40 {
			go func() {
				known := i%4 == 0
				leave, err := l.enter(t.Context(), known)
				if err != nil {
					return
				}
				mu.Lock()
				now++
				if !known {
					stranger++
				}
				peak, strangerPeak = max(peak, now), max(strangerPeak, stranger)
				mu.Unlock()
				synctestYield()
				mu.Lock()
				now--
				if !known {
					stranger--
				}
				mu.Unlock()
				leave()
			}()
		}
		synctest.Wait()
		if peak > atOnce || strangerPeak > strangers {
			t.Errorf("%d at once, %d strangers", peak, strangerPeak)
		}
	})
}

// synctestYield lets others run.
func synctestYield() {
	done := make(chan struct{})
	go func() { close(done) }()
	<-done
}

func TestAKnownBrowserDoesNotWaitBehindStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLanes()
		leave, err := l.enter(t.Context(), false) // computes for ever
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		for range queue {
			go func() {
				if leave, err := l.enter(ctx, false); err == nil {
					leave()
				}
			}()
		}
		synctest.Wait()
		if _, err := l.enter(t.Context(), false); weir.CodeOf(err) != weir.CodeThrottled {
			t.Errorf("one stranger more: %v", err)
		}
		known, err := l.enter(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		known()
		cancel()
		synctest.Wait()
		leave()
		if len(l.all)+len(l.strangers)+len(l.queue) != 0 {
			t.Error("a place was not given back")
		}
	})
}

func TestWhoIsRefusedInACrowdIsKeptAWhileAndNotTooManyAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLanes()
		begin := time.Now()
		for range kept {
			go l.keep(t.Context())
		}
		synctest.Wait()
		if l.keep(t.Context()); time.Since(begin) != 0 {
			t.Errorf("one too many was kept for %v", time.Since(begin))
		}
		time.Sleep(dwell)
		synctest.Wait()
		if len(l.kept) != 0 {
			t.Errorf("%d are kept for longer", len(l.kept))
		}
	})
}

func TestWhileAKnownBrowserComputesRefusedStrangersAreKeptAndNoneIsLookedAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLanes()
		known, err := l.enter(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		if _, crowd, err := l.knock(t.Context(), turnAway); weir.CodeOf(err) != weir.CodeThrottled || !crowd {
			t.Errorf("one who is refused anyway: %v, %v", crowd, err)
		}
		leave, crowd, err := l.knock(t.Context(), letPass)
		if err != nil || !crowd {
			t.Fatal("another: ", crowd, err)
		}
		leave()
		begin := time.Now()
		let := func() time.Duration { l.keep(t.Context()); return time.Since(begin) }
		go func() { time.Sleep(3 * time.Second); known() }()
		if kept := let(); kept != 3*time.Second {
			t.Errorf("kept for %v, and the browser computed for 3 s", kept)
		}
		if known, err = l.enter(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		defer known()
		begin = time.Now()
		if kept := let(); kept != dwell+patience {
			t.Errorf("kept for %v behind a browser that never ends", kept)
		}
	})
}

func TestNoStrangerBeginsWhileAKnownBrowserComputes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLanes()
		known, err := l.enter(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		begun := false
		go func() {
			if leave, err := l.enter(t.Context(), false); err == nil {
				begun = true
				leave()
			}
		}()
		synctest.Wait()
		if begun || len(l.all) != 1 {
			t.Error("a stranger computes beside a known browser")
		}
		known()
		synctest.Wait()
		if !begun || len(l.all)+len(l.strangers) != 0 {
			t.Error("a stranger did not begin afterwards, or did not end")
		}
	})
}

func letPass() error  { return nil }
func turnAway() error { return crowded() }

func TestWhoIsKnownToBeRefusedIsTurnedAwayWhereNoDoorIsFree(t *testing.T) {
	l := newLanes()
	for range doors {
		if _, crowd, err := l.knock(t.Context(), turnAway); err != nil || crowd {
			t.Fatal("at a free door: ", crowd, err)
		}
	}
	if _, crowd, err := l.knock(t.Context(), turnAway); weir.CodeOf(err) != weir.CodeThrottled || !crowd || len(l.outside) != 0 {
		t.Errorf("in a crowd: %v, %v, and %d wait", crowd, err, len(l.outside))
	}
}

func TestStrangersAreLookedAtTwoAtATimeAndACrowdWaitsOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLanes()
		var inside []func()
		for range doors {
			leave, crowd, err := l.knock(t.Context(), letPass)
			if err != nil || crowd {
				t.Fatal(crowd, err)
			}
			inside = append(inside, leave)
		}
		came := make(chan bool)
		go func() {
			leave, crowd, err := l.knock(t.Context(), letPass)
			if err == nil {
				leave()
			}
			came <- crowd && err == nil
		}()
		synctest.Wait()
		if len(l.outside) != 1 {
			t.Errorf("%d wait outside", len(l.outside))
		}
		inside[0]()
		inside[0]() // once too often
		if !<-came || len(l.door) != doors-1 {
			t.Errorf("who waited did not come in as one of a crowd, or %d places are taken", len(l.door))
		}
		if _, _, err := l.knock(t.Context(), letPass); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if _, _, err := l.knock(t.Context(), letPass); weir.CodeOf(err) != weir.CodeThrottled || time.Since(begin) != patience {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		for range outside {
			l.outside <- struct{}{}
		}
		begin = time.Now()
		if _, _, err := l.knock(t.Context(), letPass); weir.CodeOf(err) != weir.CodeThrottled || time.Since(begin) != 0 {
			t.Errorf("one more than may wait, after %v: %v", time.Since(begin), err)
		}
	})
}

func TestAStrangerIsSentAwayAfterWaitingAndAKnownBrowserIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLanes()
		var held []func()
		for range atOnce {
			leave, err := l.enter(t.Context(), true)
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, leave)
		}
		in := make(chan error)
		go func() {
			_, err := l.enter(t.Context(), true)
			in <- err
		}()
		begin := time.Now()
		if _, err := l.enter(t.Context(), false); weir.CodeOf(err) != weir.CodeThrottled || time.Since(begin) != patience {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		held[0]()
		if err := <-in; err != nil {
			t.Error(err)
		}
		if len(l.queue) != 0 || len(l.strangers) != 0 {
			t.Error("a place was kept")
		}
	})
}

func TestKnownBrowsersThatKeepComputingDoNotKeepStrangersOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLanes()
		known, err := l.enter(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		defer known()
		begin := time.Now()
		leave, err := l.enter(t.Context(), false)
		if err != nil || time.Since(begin) != longestYield {
			t.Fatalf("after %v: %v", time.Since(begin), err)
		}
		leave()
	})
}
