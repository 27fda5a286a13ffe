package cli

import (
	"testing"

	"github.com/weirhq/weir/client"
)

func TestAWordInPlaceOfAnIDIsSaidAsSuch(t *testing.T) {
	for said, want := range map[string][2]string{
		`--credential: expected a valid 64 bit int but got "Big"`: {`--credential: "Big" is no id`, "Give its id, a number; see `weir credentials`"},
		`--count: expected a valid 64 bit int but got "many"`:     {`--count: "many" is no whole number`, ""},
		`unexpected argument snyc, did you mean "sync"?`:          {`unexpected argument snyc, did you mean "sync"?`, ""},
	} {
		if message, remedy := inOurWords(said); message != want[0] || remedy != want[1] {
			t.Errorf("%s is %q, %q", said, message, remedy)
		}
	}
}

func TestARunSaysWhyItDidNotSucceed(t *testing.T) {
	streams := []client.RunStream{{Name: "me"}, {Name: "bookings", Error: "calcom bookings: no permission"}}
	for want, run := range map[string]client.Run{
		"run a: it ended as partial; calcom bookings: no permission": {RunID: "a", Status: "partial", Streams: streams},
		"run b: it ended as failed; calcom: away. Try again":         {RunID: "b", Status: "failed", Streams: streams, Failure: &client.Failure{Where: "calcom", Message: "away", Remedy: "Try again"}},
		"run c: it ended as cancelled":                               {RunID: "c", Status: "cancelled"},
	} {
		if err := outcomeOf(run); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
