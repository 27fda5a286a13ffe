package rest

import (
	"context"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/errgroup"

	"github.com/weirhq/weir"
)

// runStep goes through one step's pages: the last step's become the dataset's
// records, an earlier step's each begin the next step.
func (s *Source) runStep(ctx context.Context, i int, sc scope, lane weir.Lane, seed Seed, emit Emit) error {
	step := &s.config.Steps[i]
	sc.step = step
	return s.eachPage(ctx, i, sc, lane, func(ctx context.Context, a answer) error {
		if i == len(s.config.Steps)-1 {
			page, err := s.page(sc, seed, a)
			if err != nil || len(page.Records)+len(page.Rejects) == 0 {
				return err
			}
			return emit(ctx, page)
		}
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(max(step.Parallelism, 1))
		for _, item := range a.items {
			next := sc
			next.chain = map[string]jsontext.Value{step.Key: item}
			for key, value := range sc.chain {
				next.chain[key] = value
			}
			group.Go(func() error { return s.runStep(ctx, i+1, next, lane, seed, emit) })
		}
		return group.Wait()
	})
}

// answer is one decoded answer of a step.
type answer struct {
	Response
	items []jsontext.Value
}

// fetch makes one request of a step and finds the data in its answer. Query
// holds what the paging adds; at, when not empty, is the whole address.
func (s *Source) fetch(ctx context.Context, i int, sc scope, lane weir.Lane, at string, query map[string]string) (answer, error) {
	r, err := s.request(i, sc, at, query)
	if err != nil {
		return answer{}, err
	}
	r.Lane = lane
	res, err := s.ex.Exchange(ctx, r)
	if err != nil {
		return answer{}, err
	}
	a := answer{Response: res}
	if s.config.Steps[i].Iteration == IterateFileBody {
		a.items, err = fileRecords(s.config.Steps[i].Paging.FileFormat, res.Body)
		return a, err
	}
	for _, path := range s.config.Steps[i].Require {
		if _, has := valueAt(res.Body, path); !has {
			return answer{}, &weir.Error{Code: weir.CodeCapability, Where: "answer", Message: "it has no " + path + ", so it is not of the version that was asked for",
				Remedy: "Something on the way may have removed or changed a header"}
		}
	}
	if s.config.Steps[i].Iteration == IterateAsyncPoll {
		if state, _ := Field(res.Body, s.config.Steps[i].Paging.PollPath); state != s.config.Steps[i].Paging.PollValue {
			return a, nil
		}
	}
	a.items, err = s.paths[i].take(res.Body)
	return a, err
}

// request fills a step's templates.
func (s *Source) request(i int, sc scope, at string, query map[string]string) (Request, error) {
	step := &s.config.Steps[i]
	r := Request{Method: step.Method, Headers: map[string]string{}, AnyType: step.Iteration == IterateFileBody}
	var err error
	if at == "" {
		if at, err = s.address(step, sc, query); err != nil {
			return r, err
		}
	}
	r.URL = at
	for name, template := range step.Headers {
		if r.Headers[name], err = sc.expand(template, inHeader); err != nil {
			return r, err
		}
	}
	r.Body, err = sc.expand(step.Body, inJSON)
	return r, err
}

func (s *Source) address(step *Step, sc scope, query map[string]string) (string, error) {
	at, err := sc.expand(step.URL, inURL)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(at, "/") {
		at = s.config.BaseURL + at
	}
	u, err := url.Parse(at)
	if err != nil {
		return "", &weir.Error{Code: weir.CodeConfig, Where: "url", Message: "it is not an address"}
	}
	values := u.Query()
	for name, template := range step.Query {
		value, err := sc.expand(template, plain)
		if err != nil {
			return "", err
		}
		if value != "" {
			values.Set(name, value)
		}
	}
	for name, value := range query {
		values.Set(name, value)
	}
	u.RawQuery = values.Encode()
	return u.String(), nil
}

// page makes records of an answer's items.
func (s *Source) page(sc scope, seed Seed, a answer) (weir.Page, error) {
	extra, err := s.extra(sc, seed, a)
	if err != nil {
		return weir.Page{}, err
	}
	var p weir.Page
	for _, item := range a.items {
		record, reject := s.config.record(item, extra)
		if reject != nil {
			p.Rejects = append(p.Rejects, *reject)
			continue
		}
		p.Records = append(p.Records, record)
	}
	return p, nil
}

// extra is what joins every record of an answer: injected seeds, the metadata
// of the answer, the results of earlier steps.
func (s *Source) extra(sc scope, seed Seed, a answer) ([]member, error) {
	var out []member
	for name, from := range s.config.Inject {
		out = append(out, member{name, literal(seed[from])})
	}
	step := s.last()
	if step.MetaPath != "" {
		path, err := parsePath(step.MetaPath)
		if err != nil {
			return nil, err
		}
		found, err := path.take(a.Body)
		if err != nil {
			return nil, err
		}
		for _, v := range found {
			eachMember(v, func(quoted, value jsontext.Value) bool {
				out = append(out, member{unquote(quoted), value})
				return true
			})
		}
	}
	if step.PassThrough {
		for key, value := range sc.chain {
			out = append(out, member{key, value})
		}
	}
	return out, nil
}

// literal writes a seed's value as JSON: whole numbers stay numbers.
func literal(text string) jsontext.Value {
	if v := jsontext.Value(text); len(text) < 16 && v.IsValid() && v.Kind() == '0' && !strings.ContainsAny(text, ".eE") {
		return v
	}
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		return jsontext.Value("null")
	}
	return quoted
}
