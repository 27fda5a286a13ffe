package rest

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// fileRecords reads a body that is a file: csv with a header line, JSON (one
// value, or one a line), text lines, or the children of an XML document.
func fileRecords(format string, body []byte) ([]jsontext.Value, error) {
	var values []any
	var err error
	switch format {
	case "csv":
		values, err = csvRecords(body)
	case "json":
		return jsonRecords(body)
	case "txt":
		for line := range strings.Lines(string(body)) {
			values = append(values, map[string]string{"line": strings.TrimRight(line, "\r\n")})
		}
	case "xml":
		values, err = xmlRecords(body)
	default:
		return nil, &weir.Error{Code: weir.CodeConfig, Where: "paging.file_format", Message: "it is none of csv, json, txt, xml"}
	}
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeTransient, Where: "answer", Message: "it is not a whole " + format + " file", Err: err}
	}
	out := make([]jsontext.Value, len(values))
	for i, v := range values {
		if out[i], err = json.Marshal(v, json.Deterministic(true)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func csvRecords(body []byte) ([]any, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	var out []any
	for err == nil {
		var row []string
		if row, err = r.Read(); err != nil {
			break
		}
		record := make(map[string]string, len(header))
		for i, name := range header {
			record[name] = row[i]
		}
		out = append(out, record)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return out, err
}

func jsonRecords(body []byte) ([]jsontext.Value, error) {
	d := jsontext.NewDecoder(bytes.NewReader(body), strict...)
	var out []jsontext.Value
	for {
		v, err := d.ReadValue()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, malformed("byte %d", d.InputOffset())
		}
		if v.Kind() != '[' {
			out = append(out, v.Clone())
			continue
		}
		items, err := (dataPath{{all: true}}).take(v.Clone())
		if err != nil {
			return nil, err
		}
		out = append(out, items...)
	}
}

// xmlRecords makes a record of each child of the document's root: attributes
// and children by name, text as "text" where there is something beside it.
func xmlRecords(body []byte) ([]any, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	var out []any
	depth := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && depth == 0 {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 0 {
				depth++
				continue
			}
			value, err := xmlElement(d, t, 0)
			if err != nil {
				return nil, err
			}
			if text, ok := value.(string); ok {
				value = map[string]any{"text": text}
			}
			out = append(out, value)
		case xml.EndElement:
			depth--
		}
	}
}

func xmlElement(d *xml.Decoder, start xml.StartElement, depth int) (any, error) {
	if depth > depthLimit {
		return nil, malformed("it is nested deeper than %d", depthLimit)
	}
	fields := map[string]any{}
	for _, a := range start.Attr {
		fields[a.Name.Local] = a.Value
	}
	var text strings.Builder
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			value, err := xmlElement(d, t, depth+1)
			if err != nil {
				return nil, err
			}
			switch before := fields[t.Name.Local].(type) {
			case nil:
				fields[t.Name.Local] = value
			case []any:
				fields[t.Name.Local] = append(before, value)
			default:
				fields[t.Name.Local] = []any{before, value}
			}
		case xml.EndElement:
			inside := strings.TrimSpace(text.String())
			if len(fields) == 0 {
				return inside, nil
			}
			if inside != "" {
				fields["text"] = inside
			}
			return fields, nil
		}
	}
}
