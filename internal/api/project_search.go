package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// flowFilter is one condition of a search for flows.
type flowFilter struct {
	Field    string `json:"field" enum:"id,name,description,status,data_source_id"`
	Operator string `json:"operator,omitzero" enum:"eq,ne,contains,starts_with,in" doc:"eq when it is left out. Upper and lower case are the same."`
	Value    any    `json:"value" doc:"A text or number; with in, a list of them"`
}

type searchFlowsInput struct {
	One
	Paging
	FlowsOnly flag `query:"flows_only"`
	Body      struct {
		Filters []flowFilter `json:"filters" maxItems:"20"`
	}
}

// searchFlows shows the flows of a project that fit all filters.
func (a *API) searchFlows(ctx context.Context, in *searchFlowsInput) (*value[FlowResponse], error) {
	wanted := make([][]string, len(in.Body.Filters))
	for i, f := range in.Body.Filters {
		var err error
		if wanted[i], err = f.texts(fmt.Sprintf("filters[%d].value", i)); err != nil {
			return nil, err
		}
	}
	return a.pageOfFlows(ctx, &flowsOfProjectInput{One: in.One, Paging: in.Paging, FlowsOnly: in.FlowsOnly}, func(flow ProjectFlow) bool {
		for i, f := range in.Body.Filters {
			if !f.fits(flow, wanted[i]) {
				return false
			}
		}
		return true
	})
}

// texts are the values that the filter compares with, in lower case.
func (f flowFilter) texts(field string) ([]string, error) {
	values, isList := f.Value.([]any)
	if isList != (f.Operator == "in") {
		return nil, refuse(field, "it does not go with this operator", "Send a list with in, and a text or number with the others")
	}
	if !isList {
		values = []any{f.Value}
	}
	texts := make([]string, len(values))
	for i, v := range values {
		text, err := textOf(field, v)
		if err != nil || v == nil {
			return nil, refuse(field, "it is neither a text nor a number", "Send a text or number")
		}
		texts[i] = strings.ToLower(text)
	}
	return texts, nil
}

func (f flowFilter) fits(flow ProjectFlow, wanted []string) bool {
	var has string
	switch f.Field {
	case "id":
		has = fmt.Sprint(flow.FlowNodeID)
	case "data_source_id":
		has = fmt.Sprint(*flow.DataSourceID)
	case "name":
		has = flow.Name
	case "description":
		has = flow.Description
	case "status":
		has = flow.Status
	}
	has = strings.ToLower(has)
	switch f.Operator {
	case "ne":
		return has != wanted[0]
	case "contains":
		return strings.Contains(has, wanted[0])
	case "starts_with":
		return strings.HasPrefix(has, wanted[0])
	}
	return slices.Contains(wanted, has)
}
