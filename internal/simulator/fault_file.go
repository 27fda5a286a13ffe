package simulator

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/weirhq/weir"
)

// faultFile is the YAML file of faults: a list of rules, or a mapping with the
// list under "faults".
type faultFile struct {
	Faults []Fault `yaml:"faults"`
}

// LoadFaults reads a YAML file of faults; see ParseFaults.
func LoadFaults(path string) ([]Fault, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeConfig, Where: path, Message: "the file of faults cannot be read", Remedy: "Check the path", Err: err}
	}
	faults, err := ParseFaults(data)
	return faults, weir.At(path, err)
}

// ParseFaults reads YAML: a list of {match: {path, key, requests}, do: {...}}.
// Unknown names are refused. The error is CodeConfig and names the line.
func ParseFaults(data []byte) ([]Fault, error) {
	var faults []Fault
	err := decodeYAML(data, &faults)
	if err != nil && !strings.HasPrefix(strings.TrimSpace(string(data)), "-") {
		var file faultFile
		err = decodeYAML(data, &file)
		faults = file.Faults
	}
	if err != nil {
		return nil, yamlError(err)
	}
	if _, err := newFaultSet(faults); err != nil {
		return nil, err
	}
	return faults, nil
}

// decodeYAML turns a panic of the library into an error: v1.19.2 panics on
// some malformed documents, "! 00" for one.
func decodeYAML(data []byte, into any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("this is not YAML")
		}
	}()
	return yaml.UnmarshalWithOptions(data, into, yaml.Strict())
}

// yamlError keeps the line and the plain message of a YAML error, without the
// piece of source that the library adds.
func yamlError(err error) error {
	where, message := "faults", strings.SplitN(err.Error(), "\n", 2)[0]
	var y yaml.Error
	if errors.As(err, &y) {
		message = y.GetMessage()
		if t := y.GetToken(); t != nil && t.Position != nil {
			where = fmt.Sprintf("line %d", t.Position.Line)
		}
	}
	return &weir.Error{Code: weir.CodeConfig, Where: where, Message: message, Remedy: "Mend the file of faults", Err: err}
}
