package pipeline

import (
	"fmt"
	"os"

	"github.com/go-json-experiment/json"
)

// ownerName tells people which process holds a source.
func ownerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return fmt.Sprintf("process %d on %s", os.Getpid(), host)
}

// sourceName is the stable identity of whose data this is.
func (f *Flow) sourceName() string {
	return f.Connector.Name + " " + f.BaseURL + " account " + f.Account.ID
}

func marshal(v any) ([]byte, error) { return json.Marshal(v) }
