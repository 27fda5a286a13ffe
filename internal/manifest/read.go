package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// File is one file to be read.
type File struct {
	Name    string // as problems name it
	Content []byte
}

// Read reads files as one configuration, and tells all that is wrong with them
// by themselves. What they refer to is looked for by Check.
func Read(files ...File) (*Manifest, Problems) {
	m := &Manifest{Sections: map[Kind]bool{}}
	var problems Problems
	for _, f := range files {
		root, wrong := parse(f.Name, f.Content)
		if len(wrong) > 0 {
			problems = append(problems, wrong...)
			continue
		}
		if n := things(root); len(m.Things)+n > thingLimit {
			problems = append(problems, Problem{File: f.Name, Line: 1, Message: fmt.Sprintf("with this file there are more than %d things", thingLimit), Remedy: "Divide them into several directories, and apply each by itself"})
			continue
		}
		r := &fileReader{m: m, file: f.Name}
		r.secrets("", root)
		r.sections(root)
		problems = append(problems, r.problems...)
	}
	problems = append(problems, twice(m)...)
	return m, problems.sorted()
}

// things counts what a file names in its sections.
func things(root *node) (n int) {
	for _, k := range Kinds {
		if section := root.at(string(k)); section != nil {
			n += len(section.fields) + len(section.list)
		}
	}
	return n
}

// fileReader reads one file into the manifest.
type fileReader struct {
	reader
	m    *Manifest
	file string
}

// at is the place of something in the file.
func (r *fileReader) at(field string, line int) place {
	return place{file: r.file, field: field, line: line, lines: map[string]int{}}
}

// secrets looks for what has the form of a secret, wherever it stands.
func (r *fileReader) secrets(path string, n *node) {
	for _, f := range n.fields {
		if secretForm.MatchString(f.name) {
			r.wrong(r.at(path, f.line), "", "a name in it looks like a secret", "Take it out, and replace that secret where it was made: others may have seen the file")
			continue
		}
		r.secrets(strings.TrimPrefix(path+"."+f.name, "."), f.value)
	}
	for _, one := range n.list {
		r.secrets(path, one)
	}
	if secretForm.MatchString(n.text) {
		r.wrong(r.at(path, n.line), "", "this looks like a secret", "Write where it comes from, as in secret: {env: CAL_API_KEY}, and replace that secret where it was made: others may have seen the file")
	}
}

// sections reads the file's top.
func (r *fileReader) sections(root *node) {
	known := []string{"weir"}
	for _, k := range Kinds {
		known = append(known, string(k))
	}
	top := r.at("", 1)
	version := root.at("weir")
	switch {
	case root.form != formFields && root.form != formNull, version == nil:
		r.wrong(top, "", "this is no file of Weir's: it does not say weir: 1", "Begin it with a line weir: 1")
		return
	case version.text != fmt.Sprint(Version):
		r.wrong(r.at("weir", version.line), "", "this version of Weir does not know that form of file", "Write weir: 1")
		return
	}
	o := r.object(top, "", root, known...)
	for _, k := range Kinds {
		if !o.has(string(k)) {
			continue
		}
		r.m.Sections[k] = true
		if k == Rules {
			r.rules(o)
			continue
		}
		n := o.value(string(k), "fields: a name, and below it what it is", formFields)
		if n == nil {
			continue
		}
		for _, f := range n.fields {
			r.thing(k, f)
		}
	}
}

// longest is how long a name may be, in characters: the server's own limit.
const longest = 255

// thing reads one thing.
func (r *fileReader) thing(k Kind, f field) {
	p := r.at(string(k)+"."+f.name, f.line)
	if f.name != strings.TrimSpace(f.name) || f.name == "" || strings.ContainsAny(f.name, "\n\r\t") || control.MatchString(f.name) || len([]rune(f.name)) > longest {
		r.wrong(p, "", "this is no name", "Write one line of 1 to 255 characters, without blanks around it")
	}
	t := &Thing{Kind: k, Name: f.name, place: p}
	fields := fieldsOf(k)
	t.Spec = specReaders[k](r.object(p, "", f.value, fields...))
	r.m.Things = append(r.m.Things, t)
}

// specReaders read what each kind is.
var specReaders = map[Kind]func(*object) Spec{
	Credentials: readCredential, Lookups: readLookup, Transforms: readTransform, Sources: readSource, Datasets: readDataset,
	Destinations: readDestination, Projects: readProject, Channels: readChannel,
}

// twice finds names that two files, or a file twice, give to things.
func twice(m *Manifest) (problems Problems) {
	type name struct {
		kind Kind
		name string
	}
	known := map[name]*Thing{}
	for _, t := range m.Things {
		before, there := known[name{t.Kind, t.Name}]
		if !there {
			known[name{t.Kind, t.Name}] = t
			continue
		}
		message := "this name is there already, at " + fmt.Sprintf("%s:%d", before.place.file, before.place.line)
		if t.Kind == Rules {
			message = "this rule is there already, at " + fmt.Sprintf("%s:%d", before.place.file, before.place.line)
		}
		problems = append(problems, t.place.problem("", message, "Give one of the two another name, or take it away"))
	}
	return problems
}

// types are the kinds of credentials.
var types = []string{"cal_com_api", "rest", "postgres", "mysql", "s3", "sqlite", "file"}

// secretSettings are settings that hold secrets, in every spelling that people
// try.
var secretSettings = []string{"api_key", "password", "secret_access_key", "secret", "token", "key", "access_token", "secret_key"}

func readCredential(o *object) Spec {
	c := &Credential{Common: o.common(), Type: o.oneOf("type", "", types...), Settings: o.pairs("settings"), Secret: o.secret("secret")}
	if !o.has("type") {
		o.missing("type", "Use "+strings.Join(types, ", "))
	}
	for _, name := range secretSettings {
		if _, set := c.Settings[name]; set {
			o.wrong(o.place, "settings."+name, "a secret never stands in a file", "Write secret: {env: VARIABLE} or secret: {file: PATH} beside settings")
		}
	}
	if (c.Type == "sqlite" || c.Type == "file") && !c.Secret.IsZero() {
		o.wrong(o.place, "secret", "credentials of this type have none", "Leave it out")
	}
	return c
}

func readLookup(o *object) Spec {
	l := &Lookup{Common: o.common(), Key: o.needed("key", "Name the column whose values are the keys"), Type: o.text("type"), Defaults: o.json("defaults")}
	if l.Type == "" {
		l.Type = "string"
	}
	l.EmitDefaults = o.flag("emit_defaults", len(l.Defaults) > 0)
	return l
}

func readSource(o *object) Spec {
	s := &Source{Common: o.common(), Credential: o.needed("credential", "Name one of credentials, or one that the server has"),
		Endpoints: o.texts("endpoints"), Params: o.pairs("params"), Config: o.json("config"), Active: o.flag("active", true)}
	switch {
	case len(s.Endpoints) > 0 && len(s.Config) > 0:
		o.wrong(o.place, "config", "it reads endpoints already", "Leave endpoints out, or config")
	case len(s.Endpoints) == 0 && len(s.Config) == 0 && !o.has("endpoints") && !o.has("config"):
		o.missing("endpoints", "List what to read, such as [bookings]; weir connectors describe calcom shows all")
	case len(s.Endpoints) == 0 && len(s.Config) == 0 && s.Endpoints != nil:
		o.wrong(o.place, "endpoints", "it is empty", "List what to read, such as [bookings]")
	case len(s.Config) > 0 && len(s.Params) > 0:
		o.wrong(o.place, "params", "they are an endpoint's", "Leave them out, and write values into config")
	}
	if o.node.at("config") != nil && o.node.at("config").at("start.cron") != nil {
		o.wrong(o.place, "config.start.cron", "the schedule stands elsewhere", "Write schedule: {cron: …} beside config")
	}
	s.Schedule = readSchedule(o)
	s.Datasets = readLabels(o, s)
	return s
}

// readLabels reads what people call the datasets that a source yields.
func readLabels(o *object, s *Source) map[string]Labels {
	n := o.value("datasets", "fields: an endpoint, and below it name, description or tags", formFields)
	if n == nil {
		return nil
	}
	out := map[string]Labels{}
	for _, f := range n.fields {
		o.lines["datasets."+f.name] = f.line
		if !slices.Contains(s.yields(), f.name) {
			o.wrong(o.place, "datasets."+f.name, "the source does not read this endpoint", "Add it to endpoints, or leave it out here")
		}
		p := o.object(o.place, "datasets."+f.name+".", f.value, "name", "description", "tags")
		var l Labels
		if p.has("name") {
			name := p.needed("name", "Leave it out, or say in a few words what it is")
			l.Name = &name
		}
		if p.has("description") {
			description := p.text("description")
			l.Description = &description
		}
		if l.Tags = p.texts("tags"); p.has("tags") && l.Tags == nil {
			l.Tags = []string{}
		}
		out[f.name] = l
	}
	return out
}

// ByHand is the endpoint of a source that is configured by hand.
const ByHand = "records"

func readFrom(o *object) From {
	f := From{Source: o.text("source"), Endpoint: o.text("endpoint"), Dataset: o.text("dataset")}
	switch {
	case f.Source == "" && f.Dataset == "":
		o.missing("source", "Name the source, and which of its endpoints if it reads several; or a dataset")
	case f.Dataset != "" && (f.Source != "" || f.Endpoint != ""):
		o.wrong(o.place, "dataset", "it names a source, too", "Leave dataset out, or source and endpoint")
	}
	return f
}

func readTransform(o *object) Spec {
	if !o.has(RulesField) {
		o.missing(RulesField, "List at least one rule, such as - drop: [metadata]")
	}
	t := &Transform{Common: o.common(), Rules: o.transforms(RulesField)}
	if n := o.node.at(RulesField); n != nil && n.form == formList && len(n.list) == 0 {
		o.wrong(o.place, RulesField, "it is empty", "List at least one rule, such as - drop: [metadata]")
	}
	return t
}

func readDataset(o *object) Spec {
	d := &Dataset{Common: o.common(), From: readFrom(o), Transform: o.text(TransformField), Transforms: o.transforms(TransformsField)}
	if d.Transform != "" && len(d.Transforms) > 0 {
		o.wrong(o.place, TransformField, "it has rules of its own, too", "Leave "+TransformField+" out, or "+TransformsField)
	}
	return d
}

func readDestination(o *object) Spec {
	return &Destination{Common: o.common(), From: readFrom(o), Credential: o.needed("credential", "Name one of credentials, or one that the server has"),
		Mode: o.oneOf("mode", "upsert", "upsert", "history"), Active: o.flag("active", true)}
}

func readProject(o *object) Spec { return &Project{Common: o.common(), Sources: o.texts("sources")} }
