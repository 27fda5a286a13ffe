package client

import "github.com/weirhq/weir"

// Run is one execution of a source.
type Run struct {
	ID          int64       `json:"id"`
	RunID       string      `json:"run_id"`
	SourceID    int64       `json:"data_source_id"`
	Status      string      `json:"status"`
	Why         weir.Why    `json:"why"`
	StartedAt   string      `json:"started_at"`
	EndedAt     string      `json:"ended_at"`
	DurationMS  int64       `json:"duration_ms"`
	Requests    int         `json:"requests"`
	Retries     int         `json:"retries"`
	Bytes       int64       `json:"bytes"`
	Attempts    int         `json:"attempts"`
	Read        int         `json:"read"`
	Fresh       int         `json:"fresh"` // of them, new or changed
	Unchanged   int         `json:"unchanged"`
	Deleted     int         `json:"deleted"` // gone from the source
	Written     int         `json:"written"`
	Filtered    int         `json:"filtered"` // kept back by rules
	Quarantined int         `json:"quarantined"`
	Failure     *Failure    `json:"failure"`
	Waits       []RunWait   `json:"waits"` // while it is not over
	Streams     []RunStream `json:"streams"`
}

// RunWait is why a run makes no headway at some place, and when that is tried
// again.
type RunWait struct {
	Stream        string  `json:"stream"`       // "" for the reading as a whole
	DestinationID int64   `json:"data_sink_id"` // 0 when it is the source that waits
	Tries         int     `json:"tries"`        // that failed so far, in a row
	Most          int     `json:"most"`         // 0 when nobody counts them
	RetryAt       string  `json:"retry_at"`     // "" when nobody knows
	Failure       Failure `json:"failure"`
}

// Failure is what went wrong in a run.
type Failure struct {
	Class   string `json:"class"`
	Reason  string `json:"reason"`
	Where   string `json:"where"`
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
}

// Text says it in one line, with what to do.
func (f *Failure) Text() string {
	return (&weir.Error{Where: f.Where, Message: f.Message, Remedy: f.Remedy}).Error()
}

// RunStream is what a run did to one endpoint.
type RunStream struct {
	Name        string  `json:"name"`
	Status      string  `json:"status"`
	Read        int     `json:"read"`
	Fresh       int     `json:"fresh"`
	Unchanged   int     `json:"unchanged"`
	Deleted     int     `json:"deleted"`
	Written     int     `json:"written"`
	Filtered    int     `json:"filtered"`
	Quarantined int     `json:"quarantined"`
	Requests    int     `json:"requests"`
	Bytes       int64   `json:"bytes"`
	Seconds     float64 `json:"seconds"`
	Error       string  `json:"error"`
}

// RunLog is a page of what runs said.
type RunLog struct {
	Logs struct {
		Data []RunLine `json:"data"`
		Meta struct {
			Pages int `json:"pages_count"`
		} `json:"meta"`
	} `json:"logs"`
}

// RunLine is one thing that a run said.
type RunLine struct {
	Timestamp    int64  `json:"timestamp"` // milliseconds since 1970
	ResourceID   int64  `json:"resource_id"`
	ResourceType string `json:"resource_type"`
	Severity     string `json:"severity"`
	Log          string `json:"log"`
}

// Reject is a record in quarantine.
type Reject struct {
	ID             int64    `json:"id"`
	SourceID       int64    `json:"data_source_id"`
	DataSetID      int64    `json:"data_set_id"`
	DataSet        string   `json:"data_set"`
	DestinationID  int64    `json:"data_sink_id"`
	Stage          string   `json:"stage"`
	Reason         string   `json:"reason"`
	Key            []string `json:"key"`
	RunID          string   `json:"run_id"`
	At             string   `json:"at"`
	Size           int      `json:"size"`
	State          string   `json:"state"`
	Original       string   `json:"original,omitzero"` // of one
	OriginalBase64 string   `json:"original_base64,omitzero"`
	Record         any      `json:"record,omitzero"`
}

// Replayed is what became of the replay of a record.
type Replayed struct {
	ID        int64  `json:"id"`
	RunID     string `json:"run_id"`
	State     string `json:"state"`
	RefusedAs int64  `json:"refused_as"`
	Reason    string `json:"reason"`
}

// Budget is what a key may spend, and who spends it.
type Budget struct {
	ID          int64     `json:"id"`
	Credentials []Named   `json:"credentials"`
	Shared      bool      `json:"shared"`
	Origin      string    `json:"origin"`
	Limit       int       `json:"limit"`
	Used        int       `json:"used"`
	Free        int       `json:"free"`
	FreeAt      string    `json:"free_at"`
	Blocked     bool      `json:"blocked"`
	LastHour    BudgetUse `json:"last_hour"`
	LastDay     BudgetUse `json:"last_day"`
}

// BudgetUse is what was sent with a key.
type BudgetUse struct {
	Requests int            `json:"requests"`
	Refused  int            `json:"refused"`
	Lanes    map[string]int `json:"by_lane"`
}

// FlowHealths is a page of how flows stand.
type FlowHealths struct {
	Health struct {
		Data []FlowHealth `json:"data"`
		Meta struct {
			Pages int `json:"pageCount"`
		} `json:"meta"`
	} `json:"health"`
}

// FlowHealth is how a flow stands.
type FlowHealth struct {
	FlowID   int64  `json:"origin_node_id"`
	SourceID int64  `json:"data_source_id"`
	Name     string `json:"name"`
	Status   string `json:"status"`
	Health   string `json:"healthStatus"` // GREEN, YELLOW, RED; "" before the first run has ended
	Records  int    `json:"latestRecordCount"`
	Errors   int    `json:"latestErrorCount"`
	Summary  string `json:"errorSummary"`
}
