package core

import (
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"time"
)

// encode puts the fields of params where their tags say, and gives the one that is the whole body, if any.
// What has its zero value was not given, and is not sent.
func encode(params any, query url.Values, header http.Header) any {
	value := reflect.ValueOf(params).Elem()
	var whole any
	for i := range value.NumField() {
		field, tag := value.Field(i), value.Type().Field(i).Tag
		if _, isBody := tag.Lookup("body"); isBody {
			whole = field.Interface()
		} else if field.IsZero() {
			continue
		} else if name := tag.Get("query"); name != "" {
			query[name] = texts(field)
		} else if name := tag.Get("header"); name != "" {
			header[http.CanonicalHeaderKey(name)] = texts(field)
		}
	}
	return whole
}

// texts is a value as it stands in a URL or a header, or each of several.
func texts(value reflect.Value) []string {
	if value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	if value.Kind() != reflect.Slice {
		return []string{text(value)}
	}
	all := make([]string, value.Len())
	for i := range all {
		all[i] = text(value.Index(i))
	}
	return all
}

func text(value reflect.Value) string {
	if moment, ok := value.Interface().(time.Time); ok {
		return moment.Format(time.RFC3339Nano)
	}
	switch value.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(value.Bool())
	case reflect.Int64:
		return strconv.FormatInt(value.Int(), 10)
	case reflect.Float64:
		return strconv.FormatFloat(value.Float(), 'f', -1, 64)
	default:
		return value.String()
	}
}
