package client

import (
	"context"
	"net/http"
)

// Project is a folder of flows.
type Project struct {
	ID          int64         `json:"id"`
	Name        string        `json:"name"`
	Description string        `json:"description"`
	Tags        []string      `json:"tags"`
	Flows       []ProjectFlow `json:"data_flows"`
}

// ProjectFlow is a flow in a project: its number, and its source.
type ProjectFlow struct {
	FlowID   int64  `json:"flow_node_id"`
	SourceID int64  `json:"data_source_id"`
	Name     string `json:"name"`
	Status   string `json:"status"`
}

// ProjectTrees gives the flows in a project as trees.
func (c *Client) ProjectTrees(ctx context.Context, id int64) ([]Node, error) {
	answer, err := Do[struct {
		Flows []Node `json:"flows"`
	}](ctx, c, http.MethodGet, "projects", id, "flows?flows_only=1&per_page=1000", nil)
	return answer.Flows, err
}

// FlowsOf is the body that names flows by their sources.
func FlowsOf(sources ...int64) map[string]any {
	flows := make([]map[string]any, len(sources))
	for i, id := range sources {
		flows[i] = map[string]any{"data_source_id": id}
	}
	return map[string]any{"data_flows": flows}
}
