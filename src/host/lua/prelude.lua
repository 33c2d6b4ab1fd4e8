-- Takes the place of functions of Lua's own library that could catch the end of a run, run without
-- a bound where no hook is called, or show addresses of memory. The originals stay in locals, which
-- a script cannot reach: there is no `debug`.
--
-- ended(e)   raises the end of the run again, if there is one or `e` says so
-- fatal(e)   whether `e` ends the run
-- charge()   counts what a new coroutine may take before its hook is called
-- plain(t)   raises if a metatable of `t` says how long it is
-- open(name) the chunk of a module and its path
local ended, fatal, charge, plain, open = ...

local load, pcall, xpcall, setmetatable = load, pcall, xpcall, setmetatable
local error, getmetatable, rawget, rawlen = error, getmetatable, rawget, rawlen
local select, tostring, type = select, tostring, type
local create, wrap = coroutine.create, coroutine.wrap
local resume, close = coroutine.resume, coroutine.close
local concat, insert, remove, sort = table.concat, table.insert, table.remove, table.sort
local pack, unpack = table.pack, table.unpack
local format, rep, find, gsub = string.format, string.rep, string.find, string.gsub

local function settle(ok, ...)
    if not ok then ended(...) end
    return ok, ...
end

local function loaded_chunk(chunk, ...)
    if chunk == nil then ended(...) end
    return chunk, ...
end

_G.pcall = function(...) return settle(pcall(...)) end

_G.xpcall = function(f, handler, ...)
    -- A handler runs where the error was raised, in a hook even: it must not run for a limit.
    local function guarded(e)
        if fatal(e) then return e end
        return handler(e)
    end
    return settle(xpcall(f, guarded, ...))
end

-- Text only: the byte code of a damaged or hostile chunk can crash the process.
_G.load = function(chunk, name, _, ...) return loaded_chunk(load(chunk, name, "t", ...)) end

-- Finalizers run without hooks: neither limits nor Ctrl-C would end one.
_G.setmetatable = function(t, metatable)
    if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then
        error("`__gc` is not available: the engine frees memory itself", 2)
    end
    return setmetatable(t, metatable)
end

coroutine.create = function(f)
    charge()
    return create(f)
end
coroutine.wrap = function(f)
    charge()
    return wrap(f)
end
coroutine.resume = function(...) return settle(resume(...)) end
coroutine.close = function(co) return settle(close(co)) end

-- These loop as far as `__len` says, in C.
local function own(t)
    if type(t) == "table" and getmetatable(t) ~= nil then plain(t) end
end

table.insert = function(t, ...)
    own(t)
    return insert(t, ...)
end
table.remove = function(t, ...)
    own(t)
    return remove(t, ...)
end
table.sort = function(t, ...)
    own(t)
    return sort(t, ...)
end
table.concat = function(t, separator, first, last)
    own(t)
    if last and type(t) == "table" and getmetatable(t) ~= nil and last > rawlen(t) then
        error("table.concat: the table ends at " .. rawlen(t), 2)
    end
    return concat(t, separator, first, last)
end
table.move = function(from, first, last, at, to)
    to = to or from
    if at > last or at <= first or to ~= from then
        for i = 0, last - first do to[at + i] = from[first + i] end
    else
        for i = last - first, 0, -1 do to[at + i] = from[first + i] end
    end
    return to
end

local opaque = { table = true, ["function"] = true, thread = true, userdata = true }

-- `%s` would show addresses.
local function shown(...)
    for i = 1, select("#", ...) do
        if opaque[type((select(i, ...)))] then
            local values = pack(...)
            for j = i, values.n do
                if opaque[type(values[j])] then values[j] = tostring(values[j]) end
            end
            return unpack(values, 1, values.n)
        end
    end
    return ...
end

string.format = function(pattern, ...)
    if find(pattern, "p", 1, true) and find(gsub(pattern, "%%%%", ""), "%%[-+ #0-9.]*p") then
        error("string.format: `%p` is not available", 2)
    end
    return format(pattern, shown(...))
end

-- The original counts to `n` even if there is nothing to repeat.
string.rep = function(text, n, separator)
    if text == "" and (separator == nil or separator == "") then return "" end
    return rep(text, n, separator)
end

local READING = {}
local modules = { _G = _G }
for _, name in ipairs({ "coroutine", "math", "os", "string", "table", "utf8" }) do
    modules[name] = _G[name]
end

_G.require = function(name)
    local module = modules[name]
    if module == READING then error("module `" .. name .. "` requires itself", 2) end
    if module ~= nil then return module end
    local chunk, path = open(name)
    modules[name] = READING
    local ok, result = pcall(chunk, name, path)
    modules[name] = nil
    if not ok then error(result, 0) end
    if result == nil then result = true end
    modules[name] = result
    return result, path
end
