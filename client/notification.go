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

// NotificationType is what can be told.
type NotificationType struct {
	ID   int64  `json:"id"`
	Code string `json:"code"` // flow_failed
}

// Rule is what its owner wants to be told, and how.
type Rule struct {
	ID           int64    `json:"id"`
	Channel      string   `json:"channel"` // APP, EMAIL, SLACK or WEBHOOKS
	TypeID       int64    `json:"notification_type_id"`
	Status       string   `json:"status"`
	Scope        string   `json:"scope"` // USER or ORG
	ResourceType string   `json:"notification_resource_type"`
	ResourceID   int64    `json:"resource_id"`
	SettingID    int64    `json:"notification_channel_setting_id"`
	Config       RuleWish `json:"config"`
}

// RuleWish is what a rule says besides over which channel.
type RuleWish struct {
	Digest   string `json:"digest,omitzero"`
	Hour     int    `json:"hour,omitzero"`
	TimeZone string `json:"time_zone,omitzero"`
	Whose    string `json:"whose,omitzero"`
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
