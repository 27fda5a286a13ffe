package weir

// Why is the reason for which a source is read.
type Why string

// The reasons.
const (
	WhyAsked     Why = "asked"     // somebody said now
	WhyActivated Why = "activated" // it was activated
	WhySchedule  Why = "schedule"
	WhyAfter     Why = "after"  // the source that it follows was read
	WhyRules     Why = "rules"  // a dataset's rules are others
	WhyReplay    Why = "replay" // records in quarantine go on their way again
)

// Words says it to people; a reason that this version does not know as it is.
func (w Why) Words() string {
	switch w {
	case WhyAsked:
		return "by hand"
	case WhyActivated:
		return "activation"
	case WhyAfter:
		return "after another flow"
	case WhyRules:
		return "other rules"
	}
	return string(w)
}
