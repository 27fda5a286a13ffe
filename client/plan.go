package client

// Plan is what the schedules of a server will cost within a day.
type Plan struct {
	From    string       `json:"from"`
	To      string       `json:"to"`
	Sources []PlanSource `json:"sources"` // the costliest first
	Budgets []PlanBudget `json:"budgets"`
}

// PlanSource is what one source's schedule will cost.
type PlanSource struct {
	SourceID       int64  `json:"data_source_id"`
	CredentialID   int64  `json:"data_credentials_id"`
	Name           string `json:"name"`
	Schedule       string `json:"schedule"`
	Words          string `json:"words"`
	NextRunAt      string `json:"next_run_at"`
	Runs           int    `json:"runs"`
	RequestsPerRun *int   `json:"requests_per_run"` // nil when it has not run yet
	Requests       int    `json:"requests"`
}

// PlanBudget is what schedules will cost one key.
type PlanBudget struct {
	Credentials []Named `json:"credentials"`
	Origin      string  `json:"origin"`
	Limit       int     `json:"limit"` // requests in a window
	Sources     int     `json:"sources"`
	Unknown     int     `json:"unknown_sources"` // of them, those that have not run yet
	Runs        int     `json:"runs"`
	Requests    int     `json:"requests"`
	Hours       []int   `json:"hours"`
	Share       float64 `json:"share"` // of what the key may do within the day
	BusiestFrom string  `json:"busiest_hour_from"`
	BusiestUse  float64 `json:"busiest_hour_share"`
}
