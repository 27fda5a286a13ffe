package simulator

import (
	"fmt"
	"math"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the simulator computes availability on machines without a zone database too
)

func ofType[T any](v any) bool { _, ok := v.(T); return ok }

// The rules of the server's validator, with its names and words.
var (
	isString = constraint{"isString", "$p must be a string", ofType[string]}
	isBool   = constraint{"isBoolean", "$p must be a boolean value", ofType[bool]}
	isObject = constraint{"isObject", "$p must be an object", ofType[object]}
	isArray  = constraint{"isArray", "$p must be an array", ofType[list]}
	isNumber = constraint{"isNumber", "$p must be a number conforming to the specified constraints", ofType[float64]}
	isInt    = constraint{"isInt", "$p must be an integer number", isWhole}
	isZone   = constraint{"isTimeZone", "$p must be a valid IANA time-zone", isZoneName}
	isDate   = constraint{"isDateString", "$p must be a valid ISO 8601 date string", isISO}
	isISO601 = constraint{"isISO8601", "$p must be a valid ISO 8601 date string", isISO}
	isEmail  = constraint{"isEmail", "$p must be an email", isAddress}
	notEmpty = constraint{"isNotEmpty", "$p should not be empty", func(v any) bool { return v != nil && v != "" }}
	defined  = constraint{"isDefined", "$p should not be null or undefined", func(v any) bool { return v != nil }}
	areTexts = constraint{"isString", "each value in $p must be a string", eachIs(ofType[string])}
	areInts  = constraint{"isInt", "each value in $p must be an integer number", eachIs(isWhole)}
	areMails = constraint{"isEmail", "each value in $p must be an email", eachIs(isAddress)}
	isClock  = constraint{"matches", "$p must be a valid time format HH:MM", matches(`^([01]\d|2[0-3]):[0-5]\d$`)}
	isDay    = constraint{"matches", "$p must be a valid date format YYYY-MM-DD", matches(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`)}
	isURL    = constraint{"isUrl", "$p must be a URL address", matches(`^https?://[^\s/?#]+`)}
)

func isWhole(v any) bool {
	n, ok := v.(float64)
	return ok && n == math.Trunc(n) && !math.IsInf(n, 0)
}

func isZoneName(v any) bool {
	name, ok := v.(string)
	_, known := zone(name)
	return ok && known
}

// zone finds a time zone by its IANA name.
func zone(name string) (*time.Location, bool) {
	if name == "" || name == "Local" || strings.Contains(name, "..") {
		return time.UTC, false
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC, false
	}
	return l, true
}

func isISO(v any) bool {
	text, ok := v.(string)
	if !ok {
		return false
	}
	_, ok = instant(text)
	return ok
}

// instant reads an ISO 8601 time, in milliseconds since the epoch.
func instant(text string) (int64, bool) {
	for _, layout := range isoLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UnixMilli(), true
		}
	}
	return 0, false
}

func isAddress(v any) bool {
	text, ok := v.(string)
	if !ok || !strings.Contains(text, "@") || strings.ContainsAny(text, " <>\"\r\n\t") {
		return false
	}
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text && strings.Contains(text[strings.LastIndex(text, "@"):], ".")
}

func matches(pattern string) func(any) bool {
	re := regexp.MustCompile(pattern)
	return func(v any) bool {
		text, ok := v.(string)
		return ok && re.MatchString(text)
	}
}

func eachIs(holds func(any) bool) func(any) bool {
	return func(v any) bool {
		all, ok := v.(list)
		return ok && !slices.ContainsFunc(all, func(one any) bool { return !holds(one) })
	}
}

func least(n float64) constraint {
	return constraint{"min", fmt.Sprintf("$p must not be less than %v", n), func(v any) bool { got, ok := v.(float64); return ok && got >= n }}
}

func atMostItems(n int) constraint {
	return constraint{"arrayMaxSize", fmt.Sprintf("$p must contain no more than %d elements", n), func(v any) bool { l, ok := v.(list); return ok && len(l) <= n }}
}

func atLeastItems(n int) constraint {
	return constraint{"arrayMinSize", fmt.Sprintf("$p must contain at least %d elements", n), func(v any) bool { l, ok := v.(list); return ok && len(l) >= n }}
}

func oneWord(words ...string) constraint {
	return constraint{"isEnum", "$p must be one of the following values: " + strings.Join(words, ", "), func(v any) bool {
		text, ok := v.(string)
		return ok && slices.Contains(words, text)
	}}
}

func words(of ...string) constraint {
	return constraint{"isEnum", "each value in $p must be one of the following values: " + strings.Join(of, ", "), eachIs(oneWord(of...).holds)}
}
