package ui

import "net/url"

// Field is one input of a form with its label, help and error.
type Field struct {
	Name     string
	Title    string
	Help     string
	Kind     string // "text", "password", "secret", "email", "number", "url", "date", "select", "textarea", "checkbox", "radio", "file"
	Value    string // never set for a password or secret: what was typed is not sent back
	Options  []Option
	Suggest  []string // values to choose from, besides any other; the browser may know more
	Error    string   // what is wrong with it; "" for nothing
	Remedy   string   // what to do about it
	Required bool
	Always   bool // it has a value in any case, and so is not called optional
	Checked  bool
	Holder   string // an example, shown while it is empty
	Complete string // the browser's autocomplete; "off" when empty
	Rows     int
	Min, Max string
	Long     int  // most characters; 0 for no limit of the browser's
	Mono     bool // code
	Focus    bool // the first thing to fill in
}

// Option is one choice.
type Option struct {
	Value, Title, Help string
	Disabled           bool
}

// id has no blanks, whatever the name has: ids are told apart by them.
func (f Field) id() string     { return "field-" + url.PathEscape(f.Name) }
func (f Field) helpID() string { return f.id() + "-help" }
func (f Field) badID() string  { return f.id() + "-error" }
func (f Field) listID() string { return f.id() + "-list" }

// described are the ids of what explains the field.
func (f Field) described() string {
	switch {
	case f.Error != "" && f.Help != "":
		return f.badID() + " " + f.helpID()
	case f.Error != "":
		return f.badID()
	case f.Help != "":
		return f.helpID()
	}
	return ""
}

func (f Field) complete() string {
	if f.Complete == "" {
		return "off"
	}
	return f.Complete
}

// inputType is the type that the browser knows.
func (f Field) inputType() string {
	switch f.Kind {
	case "secret":
		return "password"
	case "":
		return "text"
	}
	return f.Kind
}

// rows is the height of a text area.
func (f Field) rows() int {
	if f.Rows == 0 {
		return 4
	}
	return f.Rows
}

// Problem is what is wrong with a form as a whole.
type Problem struct {
	Message, Remedy string
	RequestID       string // for the server's log; "" when it is no fault of ours
}
