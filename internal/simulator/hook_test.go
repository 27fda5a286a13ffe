package simulator

import (
	"errors"
	"net/http"
)

var errNowhere = errors.New("nothing is sent in this test")

func deliverNowhere(*http.Request) (*http.Response, error) { return nil, errNowhere }
