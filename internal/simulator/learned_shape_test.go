package simulator

import "regexp"

// shape sums up the values that were seen at one place: their kinds, and which
// members objects have, always or at times.
type shape struct {
	kinds   map[string]bool
	objects int
	members map[string]*shape
	times   map[string]int
	element *shape
}

func (s *shape) learn(v any) {
	if s.kinds == nil {
		*s = shape{kinds: map[string]bool{}, members: map[string]*shape{}, times: map[string]int{}}
	}
	s.kinds[kindOf(v)] = true
	switch v := v.(type) {
	case map[string]any:
		s.objects++
		for name, value := range v {
			if s.members[name] == nil {
				s.members[name] = &shape{}
			}
			s.times[name]++
			s.members[name].learn(value)
		}
	case []any:
		if s.element == nil {
			s.element = &shape{}
		}
		for _, one := range v {
			s.element.learn(one)
		}
	}
}

func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "bool"
	case float64:
		return "number"
	case string:
		return "string " + stringKind(v)
	case []any:
		return "array"
	}
	return "object"
}

var stringKinds = []struct {
	name string
	re   *regexp.Regexp
}{
	{"uid", regexp.MustCompile(`^[1-9A-HJ-NP-Za-km-z]{22}$`)},
	{"uuid", regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)},
	{"time", regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)},
}

func stringKind(text string) string {
	for _, k := range stringKinds {
		if k.re.MatchString(text) {
			return k.name
		}
	}
	return "text"
}

// faults lists where a value does not fit what was learnt.
func (s *shape) faults(at string, v any, found map[string]bool) {
	if s == nil || s.kinds == nil {
		return // only empty arrays were recorded here
	}
	if !s.kinds[kindOf(v)] {
		found[at+" is "+kindOf(v)] = true
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if s.members[name] == nil {
				found[at+"."+name+" was never recorded"] = true
				continue
			}
			s.members[name].faults(at+"."+name, value, found)
		}
		for name, n := range s.times {
			if _, has := v[name]; !has && n == s.objects {
				found[at+"."+name+" is missing"] = true
			}
		}
	case []any:
		for _, one := range v {
			s.element.faults(at+"[]", one, found)
		}
	}
}
