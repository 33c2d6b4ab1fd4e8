tasks.integrator({ stps = 100 })
