package client

// Notification is something that the caller was told.
type Notification struct {
	ID           int64  `json:"id"`
	Level        string `json:"level"`
	Title        string `json:"title"`
	Name         string `json:"resource_name"`
	Message      string `json:"message"`
	ResourceType string `json:"resource_type"`
	ResourceID   int64  `json:"resource_id"`
	RunID        string `json:"run_id"`
	ReadAt       string `json:"read_at"`
	CreatedAt    string `json:"created_at"`
}

// ChannelSetting is a channel as its owner has set it up.
type ChannelSetting struct {
	ID      int64          `json:"id"`
	Channel string         `json:"channel"`
	Name    string         `json:"name"`
	Status  string         `json:"status"`
	Problem string         `json:"status_message"`
	Config  map[string]any `json:"config"`
}

// ChannelTest is what came of a test of a channel.
type ChannelTest struct {
	Delivered bool    `json:"delivered"`
	Status    int     `json:"status"`
	Message   string  `json:"message"`
	Remedy    string  `json:"remedy"`
	Seconds   float64 `json:"seconds"`
}

// Dispatch is one message on its way over one channel.
type Dispatch struct {
	ID        int64  `json:"id"`
	MessageID string `json:"message_id"`
	Channel   string `json:"channel"`
	Status    string `json:"status"`
	Attempts  int    `json:"attempts"`
	Error     string `json:"error"`
	Subject   string `json:"subject"`
	EndedAt   string `json:"ended_at"`
}
